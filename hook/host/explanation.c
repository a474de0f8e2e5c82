/* SPDX-License-Identifier: Apache-2.0 */
#include "host/explanation.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/ratio.h"
#include "base/size.h"
#include "base/terminal.h"
#include "base/text.h"
#include "host/ceiling-text.h"
#include "host/outlook-text.h"
#include "host/pool-table.h"
#include "job/request.h"
#include "job/tell.h"
#include "policy/config.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

/* A stopped container can only be grown at its next start. */
static bool waits_for_start(const struct explanation *this)
{
	return this->job.error == -ESRCH && this->job.outcome == JOB_FAILED;
}

/* Will the next start grow it beyond the size that it has then anyway? */
static bool start_grows(const struct explanation *this)
{
	const struct request *request = &this->job.request;

	return request_exists(request) && this->outlook.next == NEXT_STARTS &&
	       (waits_for_start(this) || this->job.outcome == JOB_GROWN) &&
	       request->bytes > this->outlook.next_bytes;
}

static const char *what_start_adds(const struct explanation *this, struct text *out)
{
	const struct request *request = &this->job.request;
	const char *engine = job_engine(&this->job), *source = request_source(request, ' ');

	*out = (struct text){""};
	if (!start_grows(this))
		return out->s;
	if (this->engine_calls_us)
		return text_into(out, ", then grown to %s (%s)", size_format(request->bytes),
				 source);
	return text_into(out,
			 "; %s does not call oci-thin-grow, so that %s has no effect. Fix: "
			 "oci-thin-grow enable %s",
			 engine, source, engine);
}

static const char *action(const struct explanation *this)
{
	return waits_for_start(this) ? "wait" : tell_action(&this->job);
}

static struct config_origin limit_origin(const struct explanation *this, const struct rule **ret)
{
	const struct policy *policy = this->policy;
	const struct rule *rule = this->job.request.rule;

	*ret = rule && rule->max_bytes ? rule : NULL;
	if (*ret)
		return (struct config_origin){rule->file, rule->line};
	return config_origin(policy, "max_size");
}

static struct ceiling_view ceiling_view_of(const struct explanation *this)
{
	return (struct ceiling_view){&this->ceiling, this->policy, &this->outlook, &this->pool,
				     this->held};
}

/* --- as text --------------------------------------------------------------------------------- */

static void print_request(const struct job *job, FILE *out)
{
	const struct request *request = &job->request;

	fprintf(out, OUTLOOK_LINE, "request");
	if (job->sandbox)
		fputs("none: this is a pod's sandbox\n", out);
	else if (!request_exists(request))
		fputs("none\n", out);
	else if (request->bytes)
		fprintf(out, "%s, from %s\n", size_like(request->bytes, request->text),
			request_source(request, ' '));
	else
		fprintf(out, "cannot be read, from %s\n", request_source(request, ' '));
	if (request->exceeded_bytes)
		fprintf(out, OUTLOOK_LINE "it requests %s, which is reduced to the limit\n", "",
			size_format(request->exceeded_bytes));
}

/* A long line; on a terminal it is broken. */
static void print_line(const char *label, const char *text, FILE *out)
{
	fprintf(out, OUTLOOK_LINE, label);
	terminal_wrap(out, text ? text : "", OUTLOOK_INDENT,
		      &(struct terminal_margins){OUTLOOK_INDENT, terminal_columns(out)});
}

static void print_rule(const struct rule *rule, const struct rule_verdict *verdict, FILE *out)
{
	_cleanup_free_ char *line =
		text_new("%s: %s%s", rule->name, verdict->matches ? "matches" : "no, ",
			 verdict->matches   ? ""
			 : verdict->reached ? verdict->why.text
					    : "not reached");
	_cleanup_free_ char *at =
		line && rule->file ? text_new("%s (%s:%u)", line, rule->file, rule->line) : NULL;

	print_line("rule", at ? at : line, out);
}

static void print_rules(const struct job *job, const struct policy *policy, FILE *out)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		print_rule(&policy->rules[i], &job->verdicts[i], out);
}

static void print_limit(const struct explanation *this, FILE *out)
{
	const struct rule *rule;
	struct config_origin origin = limit_origin(this, &rule);

	fprintf(out, OUTLOOK_LINE "%s, max_size", "limit",
		size_format(policy_max_bytes(this->policy, rule)));
	if (rule)
		fprintf(out, " of rule %s", rule->name);
	if (origin.file)
		fprintf(out, " (%s:%u)\n", origin.file, origin.line);
	else
		fputs(" (the default)\n", out);
}

static void print_pool(const struct thin_pool *pool, FILE *out)
{
	if (!pool->name)
		return;
	print_line(
		"pool",
		text("%s: %s of %s used, %s of its metadata%s%s", quote(pool->name),
		     permille_format(permille(pool->data_used_blocks, pool->data_blocks)),
		     size_format(thin_pool_data_bytes(pool)),
		     permille_format(permille(pool->metadata_used_blocks, pool->metadata_blocks)),
		     pool->trouble ? ", " : "", pool->trouble ? pool->trouble : ""),
		out);
}

static void print_filesystem(const struct job *job, FILE *out)
{
	const struct plan *plan = &job->report.plan;

	fprintf(out, OUTLOOK_LINE "grow the filesystem to %s%s\n", "would",
		size_like(plan->fs_bytes, job->request.text),
		plan_is_limited(plan) ? ", in the background" : "");
	if (plan_is_limited(plan) && plan->fs_now_bytes)
		fprintf(out, OUTLOOK_LINE "grow it to %s before the container starts\n", "",
			size_like(plan->fs_now_bytes, job->request.text));
}

static void print_verdict(const struct explanation *this, FILE *out)
{
	const struct job *job = &this->job;
	const struct plan *plan = &job->report.plan;

	if (job->outcome == JOB_NOTHING)
		fprintf(out, OUTLOOK_LINE "do nothing: no size is requested\n", "would");
	else if (job->outcome == JOB_KEPT && job->report.put_off)
		fprintf(out,
			OUTLOOK_LINE "do nothing before the start; oci-thin-growd goes on in the "
				     "background\n",
			"would");
	else if (job->outcome == JOB_KEPT)
		fprintf(out, OUTLOOK_LINE "do nothing: device and filesystem are large enough\n",
			"would");
	else if (waits_for_start(this))
		fprintf(out, OUTLOOK_LINE "do nothing before it starts\n", "would");
	else if (job->outcome != JOB_GROWN)
		print_line("would", text("%s: %s", tell_action(job), job->why.text), out);
	else if (plan->device_sectors)
		fprintf(out, OUTLOOK_LINE "grow the device to %s\n", "would",
			size_like(plan->device_sectors * SECTOR_BYTES, job->request.text));
	else if (job->report.unfinished)
		fprintf(out, OUTLOOK_LINE "finish a growth\n", "would");
	if (job->outcome == JOB_GROWN && plan->fs_bytes)
		print_filesystem(job, out);
	if (job_warning(job))
		fprintf(out, OUTLOOK_LINE "%s\n", "warning", job_warning(job));
	if (*tell_cost(job))
		fprintf(out, OUTLOOK_LINE "%s\n", "cost", tell_cost(job));
}

/* --verbose: numbers of devices, sectors and blocks. */
static void print_details(const struct explanation *this, FILE *out)
{
	const struct inventory *disk = &this->outlook.disk;
	const struct thin_pool *pool = &this->pool;

	fprintf(out, OUTLOOK_LINE "%s\n", "bundle", quote(this->job.bundle));
	if (disk->device)
		fprintf(out, OUTLOOK_LINE "%s (%u:%u), thin id %u, %" PRIu64 " sectors\n", "device",
			quote(disk->device), major(disk->dev), minor(disk->dev), disk->thin_id,
			disk->device_bytes / SECTOR_BYTES);
	if (disk->filesystem)
		fprintf(out, OUTLOOK_LINE "%s, %" PRIu64 " bytes\n", "filesystem", disk->filesystem,
			disk->filesystem_bytes);
	if (pool->name)
		fprintf(out,
			OUTLOOK_LINE "%" PRIu64 " of %" PRIu64 " data blocks, %" PRIu64
				     " of %" PRIu64 " metadata blocks\n",
			"pool", pool->data_used_blocks, pool->data_blocks,
			pool->metadata_used_blocks, pool->metadata_blocks);
}

void explanation_print(const struct explanation *this, bool verbose, FILE *out)
{
	const struct ceiling_view view = ceiling_view_of(this);
	struct text then;

	fprintf(out, OUTLOOK_LINE "%s%s%s\n", "container",
		quote_unless_printable(this->job.container), *this->state ? ", " : "", this->state);
	if (this->outlook.disk.device)
		outlook_print_size(&this->outlook, out);
	else
		fprintf(out, OUTLOOK_LINE "not on a thin device\n", "size");
	print_rules(&this->job, this->policy, out);
	print_request(&this->job, out);
	print_limit(this, out);
	print_pool(&this->pool, out);
	if (verbose)
		print_details(this, out);
	if (this->outlook.disk.device) {
		ceiling_print(&view, verbose, out);
		outlook_print_next(&this->outlook, what_start_adds(this, &then), out);
	}
	print_verdict(this, out);
}

/* --- as JSON --------------------------------------------------------------------------------- */

static void json_rules(struct json_writer *w, const struct job *job, const struct policy *policy)
{
	json_write_array(w, "rules");
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule_verdict *verdict = &job->verdicts[i];
		const struct rule *rule = &policy->rules[i];

		json_write_object(w, NULL);
		json_write_string(w, "name", rule->name);
		json_write_string(w, "file", rule->file);
		json_write_u64(w, "line", rule->line);
		json_write_bool(w, "matches", verdict->matches);
		json_write_string(w, "reason",
				  verdict->matches   ? NULL
				  : verdict->reached ? verdict->why.text
						     : "not reached");
		json_write_close(w);
	}
	json_write_array_close(w);
}

static void json_request(struct json_writer *w, const struct request *request)
{
	if (!request_exists(request)) {
		json_write_string(w, "request", NULL);
		return;
	}
	json_write_object(w, "request");
	json_write_string(w, "origin", request_origin_name(request->origin));
	json_write_string(w, "key", request->key);
	json_write_string(w, "text", request->text);
	json_write_known_u64(w, "bytes", request->bytes);
	json_write_known_u64(w, "exceeded_bytes", request->exceeded_bytes);
	json_write_close(w);
}

static void json_limit(struct json_writer *w, const struct explanation *this)
{
	const struct rule *rule;
	struct config_origin origin = limit_origin(this, &rule);

	json_write_object(w, "limit");
	json_write_u64(w, "bytes", policy_max_bytes(this->policy, rule));
	json_write_string(w, "rule", rule ? rule->name : NULL);
	json_write_string(w, "file", origin.file);
	json_write_known_u64(w, "line", origin.line);
	json_write_close(w);
}

static void json_pool(struct json_writer *w, const struct thin_pool *pool)
{
	if (!pool->name) {
		json_write_string(w, "pool", NULL);
		return;
	}
	json_write_object(w, "pool");
	pool_use_json(pool, w);
	json_write_string(w, "trouble", pool->trouble);
	json_write_close(w);
}

static void json_plan(struct json_writer *w, const struct job *job)
{
	if (job->outcome != JOB_GROWN) {
		json_write_string(w, "plan", NULL);
		return;
	}
	json_write_object(w, "plan");
	json_write_known_u64(w, "device_bytes", job->report.plan.device_sectors * SECTOR_BYTES);
	json_write_known_u64(w, "filesystem_bytes", job->report.plan.fs_bytes);
	json_write_known_u64(w, "filesystem_now_bytes", job->report.plan.fs_now_bytes);
	json_write_close(w);
}

void explanation_json(const struct explanation *this, struct json_writer *w)
{
	const struct job *job = &this->job;
	const struct ceiling_view view = ceiling_view_of(this);
	bool has_reason = job->outcome >= JOB_NOT_APPLICABLE && !waits_for_start(this);

	json_write_object(w, NULL);
	json_write_string(w, "container", job->container);
	json_write_string(w, "bundle", *job->bundle ? job->bundle : NULL);
	json_write_string(w, "engine", job_engine(job));
	if (*this->state)
		json_write_bool(w, "running", strcmp(this->state, "running") == 0);
	else
		json_write_string(w, "running", NULL);
	json_write_bool(w, "sandbox", job->sandbox);
	json_rules(w, job, this->policy);
	json_request(w, &job->request);
	json_limit(w, this);
	outlook_json(&this->outlook, w);
	if (this->outlook.disk.device)
		ceiling_json(&view, w);
	else
		json_write_string(w, "autogrow", NULL);
	json_pool(w, &this->pool);
	json_plan(w, job);
	json_write_string(w, "action", action(this));
	json_write_string(w, "reason", has_reason ? job->why.text : NULL);
	json_write_string(w, "warning", job_warning(job));
	json_write_close(w);
}
