/* SPDX-License-Identifier: Apache-2.0 */
#include "job/job.h"

#include "base/deadline.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/lock.h"
#include "disk/rule.h"
#include "engine/docker.h"
#include "engine/engine.h"
#include "job/settings.h"
#include "oci/namespace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const fs_names[] = {
	[FS_OTHER] = "other", [FS_EXT4] = "ext4", [FS_XFS] = "xfs", [FS_BTRFS] = "btrfs"};

static int open_rootfs(struct job *job)
{
	if (job->rootfs.fd >= 0)
		return 0;
	if (job->open_rootfs)
		return job->open_rootfs(job->open_context, &job->rootfs, &job->why);
	if (!job->root_path && job->no_root)
		return why_set(&job->why, EBADMSG, "%s", job->no_root);
	if (!job->root_path)
		return why_set(&job->why, ENODATA, "config.json names no root.path");
	return rootfs_open(job->bundle, job->root_path, &job->rootfs, &job->why);
}

/* Two kernels on one filesystem damage it, so a disk that a VM has is looked at, and left alone. */
static enum job_outcome leave_to_vm(struct job *job, struct grow_order *order)
{
	order->dry_run = true;
	if (job->error == 0)
		grow_rootfs(&job->rootfs, order, &job->report, &job->why);
	job->report.unfinished = false;
	if (job->error < 0 || job->report.result == GROW_NOT_APPLICABLE) {
		why_set(&job->why, 0,
			"it runs in a virtual machine, which mounts its disk itself: the host "
			"cannot grow it");
		return JOB_NOT_APPLICABLE;
	}
	why_set(&job->why, 0,
		"its disk is mounted here, and as its process shares the host's mount namespace, a "
		"virtual machine has the disk as well: growing it under two kernels would damage "
		"it");
	return request_is_implicit(&job->request) ? JOB_NOT_APPLICABLE : JOB_REFUSED;
}

static enum job_outcome grow(struct job *job, const struct policy *policy)
{
	struct grow_order order = settings_order(policy);

	order.want_bytes = job->request.bytes;
	order.dry_run = job->dry_run;
	order.progress = job->progress;
	order.warn = job->warn;
	order.progress_context = job->progress_context;
	if (policy_allow(policy, &job->request, &job->why) < 0)
		return JOB_REFUSED;
	job->error = open_rootfs(job);
	if (job->in_vm)
		return leave_to_vm(job, &order);
	if (job->error == 0)
		job->error = grow_rootfs(&job->rootfs, &order, &job->report, &job->why);
	if (job->error < 0)
		return job->error == -ENODATA && request_is_implicit(&job->request)
			       ? JOB_NOT_APPLICABLE
			       : JOB_FAILED;
	switch (job->report.result) {
	case GROW_KEPT:
		return JOB_KEPT;
	case GROW_DONE:
		return JOB_GROWN;
	case GROW_NOT_APPLICABLE:
		return JOB_NOT_APPLICABLE;
	case GROW_POSTPONED:
		return JOB_POSTPONED;
	case GROW_REFUSED:
		break;
	}
	/* A default is for the pools that we may touch. */
	return job->report.pool_denied && request_is_implicit(&job->request) ? JOB_NOT_APPLICABLE
									     : JOB_REFUSED;
}

/* Labels rarely reach hooks: they are in the engine's own files. */
static void find_labels(struct job *job)
{
	struct log_line line;
	struct why why;

	if (job->labels || !job->root_path)
		return;
	if (docker_labels(job->root_path, job->container, &job->labels_doc, &job->labels, &why) <
	    0) {
		/* Nobody asked, as far as we know: no reason to fail. */
		log_begin(&line, "skip");
		log_add(&line, "container", job->container);
		log_add(&line, "reason", why.text);
		log_end(&line, LOG_WARNING);
	}
}

static int ask_labels(struct job *job, const struct policy *policy)
{
	find_labels(job);
	if (!job->labels)
		return 0;
	job->sandbox = policy_is_sandbox(&job->labels, 1);
	if (job->sandbox || !policy->labels)
		return 0;
	return policy_request(policy, ORIGIN_LABEL, &job->labels, 1, &job->request, &job->why);
}

/* What the container itself asks for; the result is policy_request()'s. */
static int ask(struct job *job, const struct policy *policy)
{
	int r;

	job->sandbox = policy_is_sandbox(job->annotations, JOB_ANNOTATIONS);
	if (job->sandbox)
		return 0;
	r = policy_request(policy, ORIGIN_ANNOTATION, job->annotations, JOB_ANNOTATIONS,
			   &job->request, &job->why);
	if (!request_exists(&job->request) && (policy->labels || policy_gives(policy)))
		r = ask_labels(job, policy);
	return r;
}

/* A sound policy's answer for what the container asks for with the result @r of ask(). */
static enum job_outcome decide(struct job *job, const struct policy *policy, int r)
{
	struct facts facts = job_facts(job, policy);

	r = policy_decide(policy, &facts, r, &job->request, job->verdicts, &job->why);
	return r == 0 ? JOB_NOTHING : r == -EPERM ? JOB_REFUSED : JOB_FAILED;
}

static enum job_outcome decide_and_grow(struct job *job, const struct policy *policy)
{
	int r = ask(job, policy);
	enum job_outcome outcome;
	struct why off;

	if (job->sandbox || (!request_exists(&job->request) && !policy_gives(policy)))
		return JOB_NOTHING;
	if (settings_switched_off(policy, RUN_DIR, &off)) {
		job->why = off;
		return request_exists(&job->request) ? JOB_SWITCHED_OFF : JOB_NOTHING;
	}
	outcome = policy->broken ? JOB_NOTHING : decide(job, policy, r);
	if (outcome != JOB_NOTHING || !request_exists(&job->request))
		return outcome;
	outcome = job->check ? job->check(job) : JOB_NOTHING;
	if (outcome != JOB_NOTHING)
		return outcome;
	if (policy->broken) {
		why_set(&job->why, EINVAL, "the configuration is broken: %s", policy->broken);
		return JOB_FAILED;
	}
	return grow(job, policy);
}

enum job_outcome job_check_rootless(struct job *job)
{
	int r = namespace_is_rootless("/proc", &job->why);

	if (r < 0)
		return JOB_FAILED;
	return r > 0 ? JOB_NOT_APPLICABLE : JOB_NOTHING;
}

bool job_is_pool_alarm(const struct job *job)
{
	return job->outcome == JOB_REFUSED && job->report.result == GROW_REFUSED &&
	       !job->report.pool_denied;
}

bool job_has_engines_device(const struct job *job)
{
	return (job->outcome == JOB_KEPT || job->outcome == JOB_GROWN ||
		job->outcome == JOB_POSTPONED) &&
	       job->report.device.name && engine_names_device(job->report.device.name);
}

/* What is grown on a host where nothing heals will not start again. */
static void check_rule(struct job *job)
{
	const struct thin_device *device = &job->report.device;
	int unhealed;

	job->unhealed.text[0] = '\0';
	if (!job_has_engines_device(job))
		return;
	if (job->dry_run)
		unhealed = rule_check(device->dev, device->name, &job->unhealed) < 0;
	else
		unhealed = rule_check_once(RUN_DIR, device->dev, device->name, &job->unhealed);
	if (!unhealed)
		job->unhealed.text[0] = '\0';
}

static void run(struct job *job, const struct policy *policy,
		enum job_outcome (*way)(struct job *job, const struct policy *policy))
{
	uint64_t start_ms = now_ms();

	job->outcome = way(job, policy);
	check_rule(job);
	job->took_ms = now_ms() - start_ms;
}

void job_run(struct job *job, const struct policy *policy)
{
	run(job, policy, decide_and_grow);
}

void job_grow(struct job *job, const struct policy *policy)
{
	run(job, policy, grow);
}

/*
 * A request that is met to the byte is not news; one that is below the present size is. What nobody
 * asked for is no news where there is no disk to give it to, nor where there is enough.
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
		log_add_u64(line, "fs_from", report->fs_before.bytes);
		log_add_u64(line, "fs_to", report->fs.bytes);
	} else {
		log_add_u64(line, "size", bytes);
	}
	log_add(line, "fs", fs_names[job->rootfs.fs]);
}

const char *job_engine(const struct job *job)
{
	return job->engine ? job->engine : engine_of_bundle(job->bundle);
}

static void log_unhealed(const struct job *job)
{
	struct log_line line;

	log_begin(&line, "warn");
	log_add(&line, "container", job->container);
	log_add(&line, "device", job->report.device.name);
	log_add(&line, "reason", job->unhealed.text);
	log_add(&line, "warning", "nothing makes it long enough when its engine makes it again");
	log_end(&line, LOG_WARNING);
}

static const struct {
	const char *action;
	int priority;
} forms[] = {
	[JOB_NOTHING] = {"nothing", LOG_DEBUG},
	[JOB_KEPT] = {"keep", LOG_INFO},
	[JOB_GROWN] = {"grow", LOG_INFO},
	[JOB_REFUSED] = {"refuse", LOG_ERR},
	[JOB_NOT_APPLICABLE] = {"skip", LOG_WARNING},
	[JOB_SWITCHED_OFF] = {"skip", LOG_WARNING},
	[JOB_POSTPONED] = {"postpone", LOG_WARNING},
	[JOB_FAILED] = {"fail", LOG_ERR},
};

const char *job_action(const struct job *job)
{
	return job->report.unfinished ? "finish" : forms[job->outcome].action;
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

/* What is worse has the smaller number. Nobody waits for what was not asked for. */
static int priority(const struct job *job)
{
	int of_outcome = forms[job->outcome].priority;

	if (job_warning(job) && of_outcome > LOG_WARNING)
		return LOG_WARNING;
	return request_is_implicit(&job->request) && of_outcome < LOG_WARNING ? LOG_WARNING
									      : of_outcome;
}

const char *job_warning(const struct job *job)
{
	const struct grow_report *report = &job->report;

	if (report->warning.text[0])
		return report->warning.text;
	return job->outcome == JOB_GROWN && report->caution.text[0] ? report->caution.text : NULL;
}

void job_log(const struct job *job)
{
	struct log_line line;

	if (job->unhealed.text[0])
		log_unhealed(job);
	if (!worth_a_line(job))
		return;
	log_begin(&line, job_action(job));
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

void job_message(const struct job *job, struct why *ret)
{
	const struct request *request = &job->request;
	const char *container = quote(job->container), *source = request_source(request, ' ');

	ret->text[0] = '\0';
	if (job->outcome < JOB_NOT_APPLICABLE ||
	    (request_is_implicit(request) && job->outcome == JOB_NOT_APPLICABLE))
		return;
	if (!request->bytes)
		why_set(ret, 0, "container %s: %s", container, job->why.text);
	else if (job->outcome == JOB_NOT_APPLICABLE || job->outcome == JOB_SWITCHED_OFF)
		why_set(ret, 0, "container %s asks for %s (%s), but nothing was done: %s",
			container, size_format(request->bytes), source, job->why.text);
	else if (job->outcome == JOB_POSTPONED)
		why_set(ret, 0,
			"container %s keeps its disk for now, and cannot have %s (%s) yet: %s",
			container, size_format(request->bytes), source, job->why.text);
	else
		why_set(ret, 0, "container %s cannot have %s (%s): %s", container,
			size_format(request->bytes), source, job->why.text);
}

int job_exit_status(const struct job *job, const struct policy *policy)
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

void job_free(struct job *job)
{
	free(job->found_image);
	free(job->found_ns);
	json_free(job->labels_doc);
	rootfs_close(&job->rootfs);
	grow_report_free(&job->report);
}
