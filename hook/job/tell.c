/* SPDX-License-Identifier: Apache-2.0 */
#include "job/tell.h"

#include "base/exit.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/terminal.h"
#include "job/request.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/*
 * A request that is met to the byte is not logged; one that is below the present size is. Sizes
 * from rules and defaults are not logged if they do not apply or are already met.
 */
static bool worth_a_line(const struct job *job)
{
	if (request_is_implicit(&job->request) && job->outcome == JOB_NOT_APPLICABLE)
		return false;
	if (job_warning(job))
		return true;
	if (job->outcome == JOB_KEPT)
		return !request_is_implicit(&job->request) &&
		       job->request.bytes < job->report.device.sectors * SECTOR_BYTES;
	return job->outcome != JOB_NOTHING;
}

static void add_sizes(struct log_line *line, const struct job *job)
{
	const struct grow_report *report = &job->report;
	uint64_t bytes = report->device.sectors * SECTOR_BYTES;

	log_add(line, "device", report->device.name);
	if (job->outcome == JOB_GROWN) {
		log_add_u64(line, "from", report->from_sectors * SECTOR_BYTES);
		log_add_u64(line, "to", bytes);
		if (report->fs.bytes) {
			log_add_u64(line, "fs_from", report->fs_before.bytes);
			log_add_u64(line, "fs_to", report->fs.bytes);
		}
		if (report->put_off)
			log_add_u64(line, "fs_later", report->plan.fs_bytes);
	} else {
		log_add_u64(line, "size", bytes);
	}
	if (job->outcome != JOB_GROWN || report->fs.bytes)
		log_add(line, "fs", fs_type_name(job->rootfs.fs));
}

static void log_unhealed(const struct job *job)
{
	const struct healing *healing = &job->healing;
	struct log_line line;

	log_begin(&line, "warn");
	log_add(&line, "container", job->container);
	log_add(&line, "device", job->report.device.name);
	log_add(&line, "reason", healing->why.text);
	log_add(&line, "fix", healing_advice(healing));
	log_add(&line, "warning", "it would not start again after a stop or reboot");
	log_end(&line, LOG_WARNING);
}

static const struct {
	const char *action;
	int priority;
} outcomes[] = {
	[JOB_NOTHING] = {"nothing", LOG_DEBUG},
	[JOB_KEPT] = {"keep", LOG_INFO},
	[JOB_GROWN] = {"grow", LOG_INFO},
	[JOB_REFUSED] = {"refuse", LOG_ERR},
	[JOB_NOT_APPLICABLE] = {"skip", LOG_WARNING},
	[JOB_SWITCHED_OFF] = {"skip", LOG_WARNING},
	[JOB_POSTPONED] = {"postpone", LOG_WARNING},
	[JOB_FAILED] = {"fail", LOG_ERR},
};

const char *tell_action(const struct job *job)
{
	if (job_is_interrupted(job))
		return "interrupted";
	return job->report.unfinished ? "finish" : outcomes[job->outcome].action;
}

static void add_request(struct log_line *line, const struct request *request)
{
	if (!request_exists(request))
		return;
	log_add(line, "source", request_source(request, ':'));
	log_add_u64(line, "requested",
		    request->exceeded_bytes ? request->exceeded_bytes : request->bytes);
	if (request->exceeded_bytes)
		log_add_u64(line, "clamped", request->bytes);
	if (request->rule && request->origin != ORIGIN_RULE)
		log_add(line, "rule", request->rule->name);
}

/* Smaller numbers are more severe. Sizes from rules and defaults cause a warning at most. */
static int priority(const struct job *job)
{
	int of_outcome = job_is_interrupted(job) ? LOG_WARNING : outcomes[job->outcome].priority;

	if (job_warning(job) && of_outcome > LOG_WARNING)
		return LOG_WARNING;
	return request_is_implicit(&job->request) && of_outcome < LOG_WARNING ? LOG_WARNING
									      : of_outcome;
}

void tell_log(const struct job *job)
{
	struct log_line line;

	if (job->unhealed && job->outcome != JOB_REFUSED)
		log_unhealed(job);
	if (!worth_a_line(job))
		return;
	log_begin(&line, job->outcome == JOB_NOTHING ? "warn" : tell_action(job));
	log_add(&line, "container", job->container);
	log_add(&line, "engine", job_engine(job));
	if (job->report.device.name)
		add_sizes(&line, job);
	add_request(&line, &job->request);
	if (job->outcome >= JOB_NOT_APPLICABLE)
		log_add(&line, "reason", job->why.text);
	if (job_warning(job))
		log_add(&line, "warning", job_warning(job));
	log_add_u64(&line, "took_ms", job->took_ms);
	log_end(&line, priority(job));
}

/* For the operator who has just typed the command: does not repeat the request. */
static void message_to_operator(const struct job *job, struct text *ret)
{
	const char *label = quote_unless_printable(job->container);

	if (job->report.in_vm)
		text_into(ret, "%s: %s", label, job->why.text);
	else if (job->outcome == JOB_NOT_APPLICABLE && !job->bundle[0])
		text_into(ret, "%s is not in a container with a thin disk: %s", label,
			  job->why.text);
	else if (job->outcome == JOB_NOT_APPLICABLE)
		text_into(ret, "%s: %s. Nothing to grow here", label, job->why.text);
	else
		text_into(ret, "%s: not grown%s: %s", label,
			  job->outcome == JOB_POSTPONED ? " yet" : "", job->why.text);
}

void tell_message(const struct job *job, struct text *ret)
{
	const struct request *request = &job->request;
	const char *container = quote(job->container), *source = request_source(request, ' ');
	const char *label = quote_unless_printable(job->container);

	ret->s[0] = '\0';
	if (job->outcome < JOB_NOT_APPLICABLE && job->unhealed) {
		text_into(ret, "%s: %s", label, job_unhealed(job));
		return;
	}
	if (job->outcome == JOB_REFUSED && job->unhealed) {
		text_into(ret, "%s: not grown without --unhealed: %s", label, job->why.text);
		return;
	}
	if (job->outcome < JOB_NOT_APPLICABLE ||
	    (request_is_implicit(request) && job->outcome == JOB_NOT_APPLICABLE))
		return;
	if (job_is_interrupted(job))
		text_into(ret, "%s: %s", label, job->why.text);
	else if (request->origin == ORIGIN_COMMAND)
		message_to_operator(job, ret);
	else if (!request->bytes)
		text_into(ret, "container %s: %s", container, job->why.text);
	else if (job->outcome == JOB_NOT_APPLICABLE || job->outcome == JOB_SWITCHED_OFF)
		text_into(ret, "container %s requests %s (%s), but nothing was done: %s", container,
			  size_format(request->bytes), source, job->why.text);
	else if (job->outcome == JOB_POSTPONED)
		text_into(ret,
			  "container %s keeps its disk for now, and cannot have %s (%s) yet: %s",
			  container, size_format(request->bytes), source, job->why.text);
	else
		text_into(ret, "container %s cannot have %s (%s): %s", container,
			  size_format(request->bytes), source, job->why.text);
}

void tell_job(const struct job *job, struct text *ret)
{
	if (!job->dry_run)
		tell_log(job);
	tell_message(job, ret);
	if (ret->s[0])
		log_stderr("%s", ret->s);
}

int tell_exit_status(const struct job *job, const struct policy *policy)
{
	enum on_failure on_failure = request_is_implicit(&job->request)
					     ? policy->on_failure.implicit
					     : policy->on_failure.request;
	int status = EXIT_FAILED;

	switch (job->outcome) {
	case JOB_NOTHING:
	case JOB_KEPT:
	case JOB_GROWN:
	case JOB_SWITCHED_OFF:
	case JOB_POSTPONED:
		return EXIT_OK;
	case JOB_NOT_APPLICABLE:
		if (request_is_implicit(&job->request))
			return EXIT_OK;
		on_failure = policy->on_failure.not_applicable;
		status = EXIT_NOT_APPLICABLE;
		break;
	case JOB_REFUSED:
		status = EXIT_REFUSED;
		break;
	case JOB_FAILED:
		break;
	}
	return on_failure == ON_FAILURE_WARN ? EXIT_OK : status;
}

/* In the unit that was typed: 1500G is not shown as 1.46 TiB. */
#define like_asked(job, bytes) size_like((bytes), (job)->request.text)

static void tell_plan(const struct job *job, FILE *out)
{
	const struct grow_report *report = &job->report;

	terminal_print(out, STYLE_GOOD, "would %s",
		       report->unfinished ? "finish a growth" : "grow");
	if (report->plan.device_sectors)
		fprintf(out, " the device from %s to %s",
			size_format(report->from_sectors * SECTOR_BYTES),
			like_asked(job, report->plan.device_sectors * SECTOR_BYTES));
	if (report->plan.fs_bytes)
		fprintf(out, "%s its %s from %s to %s", report->plan.device_sectors ? " and" : "",
			job->rootfs.fs_name, size_format(report->fs_before.bytes),
			like_asked(job, report->plan.fs_bytes));
}

static void tell_growth(const struct job *job, FILE *out)
{
	const struct grow_report *report = &job->report;
	uint64_t now = report->device.sectors * SECTOR_BYTES;

	if (report->unfinished)
		terminal_print(out, STYLE_GOOD, "finished an earlier growth, to %s",
			       size_format(now));
	else if (report->from_sectors == report->device.sectors)
		terminal_print(out, STYLE_GOOD, "its %s is grown from %s to %s",
			       job->rootfs.fs_name, size_format(report->fs_before.bytes),
			       like_asked(job, report->fs.bytes));
	else
		terminal_print(out, STYLE_GOOD, "grown from %s to %s",
			       size_format(report->from_sectors * SECTOR_BYTES),
			       like_asked(job, now));
	fprintf(out, " in %" PRIu64 " ms", job->took_ms);
}

/* Nothing for a size that an operator has just typed. */
static void tell_origin(const struct job *job, FILE *out)
{
	if (job->request.origin != ORIGIN_COMMAND)
		fprintf(out, " (%s)", request_source(&job->request, ' '));
}

void tell_text(const struct job *job, FILE *out)
{
	fprintf(out, "%s: ", quote_unless_printable(job->container));
	if (job->outcome == JOB_KEPT)
		fprintf(out, "has %s already",
			like_asked(job, job->report.device.sectors * SECTOR_BYTES));
	else if (job->dry_run)
		tell_plan(job, out);
	else
		tell_growth(job, out);
	if (job->outcome != JOB_KEPT)
		tell_origin(job, out);
	fputc('\n', out);
}

/* --- what it costs the pool ------------------------------------------------------------------ */

#define LARGE_COST_BYTES (UINT64_C(1) << 30)

static uint64_t cost_bytes(const struct job *job)
{
	const struct grow_report *report = &job->report;
	uint64_t block_bytes = report->pool.block_sectors * SECTOR_BYTES;

	if (!report->pool.name || report->plan.fs_bytes <= report->fs_before.bytes)
		return 0;
	return growfs_cost_blocks(&report->fs_before, report->plan.fs_bytes, block_bytes) *
	       block_bytes;
}

/* Could the container write more than the pool has free? */
static bool pool_is_short(const struct job *job)
{
	const struct grow_report *report = &job->report;
	uint64_t bytes = report->plan.device_sectors * SECTOR_BYTES;
	uint64_t before = report->from_sectors * SECTOR_BYTES;

	return report->pool.name && bytes > before &&
	       bytes - before > thin_pool_data_free_bytes(&report->pool);
}

const char *tell_cost_into(struct text *out, const struct job *job)
{
	const struct grow_report *report = &job->report;
	const char *pool = report->pool.name ? quote(report->pool.name) : "";
	uint64_t cost = cost_bytes(job);

	out->s[0] = '\0';
	if (job->outcome != JOB_GROWN || (cost < LARGE_COST_BYTES && !pool_is_short(job)))
		return out->s;
	text_into(out, "%s: ", quote_unless_printable(job->container));
	if (cost >= LARGE_COST_BYTES)
		text_add(out, "its %s takes up to %s of pool %s for itself%s", job->rootfs.fs_name,
			 size_format(cost), pool, pool_is_short(job) ? "; " : "");
	if (pool_is_short(job))
		text_add(out, "pool %s has %s free: growing a container does not grow the pool",
			 pool, size_format(thin_pool_data_free_bytes(&report->pool)));
	return out->s;
}

static void json_disk(const struct job *job, struct json_writer *w)
{
	const struct grow_report *report = &job->report;

	json_write_string(w, "device", report->device.name);
	json_write_known_u64(w, "device_bytes_before", report->from_sectors * SECTOR_BYTES);
	json_write_known_u64(w, "device_bytes", report->device.sectors * SECTOR_BYTES);
	json_write_string(w, "filesystem", job->rootfs.fs_name);
	json_write_known_u64(w, "filesystem_bytes_before", report->fs_before.bytes);
	json_write_known_u64(w, "filesystem_bytes", report->fs.bytes);
	json_write_known_u64(w, "pool_cost_bytes", cost_bytes(job));
	json_write_known_u64(w, "pool_free_bytes",
			     report->pool.name ? thin_pool_data_free_bytes(&report->pool) : 0);
	if (job->dry_run) {
		json_write_known_u64(w, "plan_device_bytes",
				     report->plan.device_sectors * SECTOR_BYTES);
		json_write_known_u64(w, "plan_filesystem_bytes", report->plan.fs_bytes);
	}
}

void tell_healing_json(const struct healing *healing, struct json_writer *w)
{
	if (!healing) {
		json_write_string(w, "healing", NULL);
		return;
	}
	json_write_object(w, "healing");
	json_write_bool(w, "armed", healing->armed);
	json_write_string(w, "reason", healing->armed ? NULL : healing->why.text);
	json_write_string(w, "fix", *healing->fix.s ? healing->fix.s : NULL);
	json_write_close(w);
}

void tell_json(const struct job *job, struct json_writer *w)
{
	const struct request *request = &job->request;

	json_write_string(w, "container", job->container);
	json_write_string(w, "engine", job->engine);
	json_write_string(w, "action", tell_action(job));
	json_write_bool(w, "dry_run", job->dry_run);
	json_write_string(w, "source",
			  request_exists(request) ? request_source(request, ':') : NULL);
	json_write_known_u64(w, "requested_bytes", request->bytes);
	if (job->report.device.name)
		json_disk(job, w);
	json_write_string(w, "reason", job->outcome >= JOB_NOT_APPLICABLE ? job->why.text : NULL);
	json_write_string(w, "warning", job_warning(job));
	tell_healing_json(job->unhealed ? &job->healing : NULL, w);
}

void tell_failure_json(const char *container, int status, const char *reason)
{
	struct json_writer *w = json_writer_begin();

	json_write_string(w, "container", container);
	json_write_string(w, "action",
			  status == EXIT_REFUSED	  ? "refuse"
			  : status == EXIT_NOT_APPLICABLE ? "missing"
							  : "fail");
	json_write_string(w, "reason", reason);
	json_writer_end(w, stdout);
}

void tell_missing_json(const char *container, const char *reason, struct json_writer *w)
{
	json_write_object(w, NULL);
	json_write_string(w, "container", container);
	json_write_string(w, "action", "missing");
	json_write_string(w, "reason", reason);
	json_write_close(w);
}

int tell_failure(const char *command, bool json, int status, const char *reason)
{
	log_stderr("%s: %s", command, reason);
	if (json)
		tell_failure_json(NULL, status, reason);
	return status;
}

int tell_usage(const char *command, bool json, const char *format, ...)
{
	struct text reason;
	va_list ap;

	va_start(ap, format);
	text_into_va(&reason, format, ap);
	va_end(ap);
	if (text_ends_in(reason.s, "?"))
		log_stderr("%s: %s", command, reason.s);
	else
		log_stderr("%s: %s; see oci-thin-grow %s --help", command, reason.s, command);
	if (json)
		tell_failure_json(NULL, EXIT_USAGE, reason.s);
	return EXIT_USAGE;
}

int tell_end(const char *command, bool json, struct json_writer *w)
{
	int r = json ? json_writer_end(w, stdout) : fflush(stdout) == 0 ? 0 : -errno;

	if (r < 0)
		log_stderr("%s: standard output: %s", command, strerror(-r));
	return r;
}

void tell_reason(const char *action, const char *container, const char *reason, int priority)
{
	struct log_line line;

	log_begin(&line, action);
	if (container)
		log_add(&line, "container", container);
	log_add(&line, "reason", reason);
	log_end(&line, priority);
}
