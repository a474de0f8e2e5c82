/* SPDX-License-Identifier: Apache-2.0 */

/* `explain CONTAINER | --state FILE`: the hook's own way with its hands tied, told step by step. */

#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/healing.h"
#include "engine/engine.h"
#include "job/bundle.h"
#include "job/job.h"
#include "job/settings.h"
#include "job/target.h"
#include "job/tell.h"
#include "oci/json.h"
#include "role/role.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char help[] =
	"Usage: oci-thin-grow explain [OPTIONS] CONTAINER\n"
	"       oci-thin-grow explain [OPTIONS] --state FILE\n"
	"Shows where the size of a container's disk comes from and what the hook would\n"
	"do, step by step. Nothing is changed.\n\n"
	"  --state FILE       an OCI container state as runtimes give it to hooks, or -\n"
	"                     for stdin\n"
	"  --json             as one JSON object\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n\n"
	"Examples:\n"
	"  oci-thin-grow explain web\n"
	"  runc state c1 | oci-thin-grow explain --state -\n\n"
	"Exit status: 0 explained, 1 failed, 2 usage, 4 no such container.\n";

static void print_request(const struct job *job)
{
	const struct request *request = &job->request;

	if (job->sandbox)
		printf("request     none looked for: this is a pod's sandbox\n");
	else if (!request_exists(request))
		printf("request     none\n");
	else if (request->bytes)
		printf("request     %s = %" PRIu64 " bytes, from %s\n", size_format(request->bytes),
		       request->bytes, request_source(request, ' '));
	else
		printf("request     cannot be read, from %s\n", request_source(request, ' '));
}

static void print_rules(const struct job *job, const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule_verdict *verdict = &job->verdicts[i];

		printf("rule        %s: ", policy->rules[i].name);
		if (verdict->matches)
			puts("matches");
		else
			printf("no, %s\n", verdict->reached ? verdict->why.text : "not reached");
	}
}

static void print_limit(const struct job *job, const struct policy *policy)
{
	const struct request *request = &job->request;
	const struct rule *rule = request->rule;
	bool by_rule = rule && rule->max_bytes;

	if (!request_exists(request))
		return;
	printf("limit       %s, %s%s\n", size_format(policy_max_bytes(policy, rule)),
	       by_rule ? "max_size of rule " : "max_size", by_rule ? rule->name : "");
	if (request->exceeded_bytes)
		printf("            %s is more than that, and cut\n",
		       size_format(request->exceeded_bytes));
}

static void print_disk(const struct job *job)
{
	const struct grow_report *report = &job->report;
	const struct thin_device *device = &report->device;
	const struct thin_pool *pool = &report->pool;

	if (job->rootfs.fs_name)
		printf("rootfs      %s on %u:%u\n", job->rootfs.fs_name, major(job->rootfs.dev),
		       minor(job->rootfs.dev));
	if (device->name)
		printf("device      %s, %s, %s\n", device->name, device->target,
		       size_format(device->sectors * SECTOR_BYTES));
	if (device->pool)
		printf("thin        pool %u:%u, thin id %u\n", major(device->pool),
		       minor(device->pool), device->thin_id);
	if (report->fs.bytes)
		printf("filesystem  %s, %s\n", job->rootfs.fs_name, size_format(report->fs.bytes));
	if (pool->name)
		printf("pool        %s: %" PRIu64 " of %" PRIu64 " data blocks and %" PRIu64
		       " of %" PRIu64 " metadata blocks in use\n",
		       pool->name, pool->data_used_blocks, pool->data_blocks,
		       pool->metadata_used_blocks, pool->metadata_blocks);
}

/* false: no engine re-creates the device. */
static bool find_healing(const struct job *job, struct healing *ret)
{
	const struct thin_device *device = &job->report.device;
	struct healing host;

	if (!device->name || !engine_names_device(device->name))
		return false;
	healing_host(&host);
	healing_device(&host, device->dev, device->name, ret);
	return true;
}

static void print_healing(const struct job *job)
{
	struct healing healing;

	if (!find_healing(job, &healing))
		return;
	if (!healing.armed)
		printf("healing     NONE, it will not start again once it was grown: %s\n",
		       healing.why.text);
	else
		printf("healing     by the udev rule, whenever the engine re-creates the "
		       "device\n");
}

static void print_verdict(const struct job *job)
{
	const struct plan *plan = &job->report.plan;

	switch (job->outcome) {
	case JOB_NOTHING:
		printf("would       do nothing: nothing is asked for\n");
		return;
	case JOB_KEPT:
		printf("would       do nothing: device and filesystem are large enough\n");
		return;
	case JOB_GROWN:
		if (plan->device_sectors)
			printf("would       grow the device to %s (%" PRIu64 " sectors)\n",
			       size_format(plan->device_sectors * SECTOR_BYTES),
			       plan->device_sectors);
		if (plan->fs_bytes)
			printf("would       grow the filesystem to %s\n",
			       size_format(plan->fs_bytes));
		return;
	case JOB_NOT_APPLICABLE:
	case JOB_SWITCHED_OFF:
	case JOB_POSTPONED:
	case JOB_REFUSED:
	case JOB_FAILED:
		printf("would       %s: %s\n", tell_action(job), job->why.text);
		return;
	}
}

static void print_warning(const struct job *job)
{
	if (job_warning(job))
		printf("warning     %s\n", job_warning(job));
}

static int print_text(const struct job *job, const struct policy *policy)
{
	printf("container   %s\n", quote(job->container));
	printf("bundle      %s (engine: %s)\n", quote(job->bundle), job_engine(job));
	print_rules(job, policy);
	print_request(job);
	print_limit(job, policy);
	print_disk(job);
	print_verdict(job);
	print_warning(job);
	print_healing(job);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

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

static void json_request(struct json_writer *w, const struct job *job, const struct policy *policy)
{
	const struct request *request = &job->request;

	if (!request_exists(request))
		return;
	json_write_object(w, "request");
	json_write_string(w, "origin", request_origin_name(request->origin));
	json_write_string(w, "key", request->key);
	json_write_string(w, "text", request->text);
	json_write_u64(w, "bytes", request->bytes);
	json_write_u64(w, "exceeded_bytes", request->exceeded_bytes);
	json_write_u64(w, "max_bytes", policy_max_bytes(policy, request->rule));
	json_write_close(w);
}

static void json_disk(struct json_writer *w, const struct job *job)
{
	const struct grow_report *report = &job->report;

	if (report->device.name) {
		json_write_object(w, "device");
		json_write_string(w, "name", report->device.name);
		json_write_string(w, "target", report->device.target);
		json_write_u64(w, "bytes", report->device.sectors * SECTOR_BYTES);
		if (report->device.pool)
			json_write_u64(w, "thin_id", report->device.thin_id);
		json_write_close(w);
	}
	if (job->rootfs.fs_name) {
		json_write_object(w, "filesystem");
		json_write_string(w, "type", job->rootfs.fs_name);
		if (report->fs.bytes)
			json_write_u64(w, "bytes", report->fs.bytes);
		json_write_close(w);
	}
	if (job->outcome == JOB_GROWN) {
		json_write_object(w, "plan");
		json_write_u64(w, "device_bytes", report->plan.device_sectors * SECTOR_BYTES);
		json_write_u64(w, "filesystem_bytes", report->plan.fs_bytes);
		json_write_close(w);
	}
}

static int print_json(const struct job *job, const struct policy *policy)
{
	struct json_writer *w = json_writer_begin();
	struct healing healing;

	json_write_string(w, "container", job->container);
	json_write_string(w, "bundle", job->bundle);
	json_write_string(w, "engine", job_engine(job));
	json_write_bool(w, "sandbox", job->sandbox);
	json_rules(w, job, policy);
	json_request(w, job, policy);
	json_disk(w, job);
	if (find_healing(job, &healing)) {
		json_write_object(w, "healing");
		json_write_bool(w, "armed", healing.armed);
		json_write_string(w, "reason", healing.armed ? NULL : healing.why.text);
		json_write_close(w);
	}
	json_write_string(w, "action", tell_action(job));
	json_write_string(w, "reason", job->outcome >= JOB_NOT_APPLICABLE ? job->why.text : NULL);
	json_write_string(w, "warning", job_warning(job));
	return json_writer_end(w, stdout);
}

/* The job is done with its hands tied, and freed. */
static int show(struct job *job, const struct policy *policy, bool json)
{
	_cleanup_free_ struct rule_verdict *verdicts =
		calloc(policy->n_rules + 1, sizeof(*verdicts));
	int r = -ENOMEM;

	if (verdicts) {
		job->dry_run = true;
		job->verdicts = verdicts;
		job_run(job, policy);
		r = json ? print_json(job, policy) : print_text(job, policy);
	}
	job_free(job);
	if (r < 0)
		log_stderr("explain: %s",
			   r == -ENOMEM ? "out of memory" : "standard output cannot be written");
	return r < 0 ? EXIT_FAILED : EXIT_OK;
}

static int explain_state(const char *path, const struct policy *policy, bool json)
{
	_cleanup_(container_free) struct container container = {0};
	_cleanup_close_ int fd = -EBADF;
	struct job job;
	struct why why;

	fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_stderr("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	if (container_read(fd, path, &container, &why) < 0) {
		log_stderr("%s", why.text);
		return EXIT_FAILED;
	}
	if (container.state.flaw.text[0] || container.no_spec.text[0]) {
		log_stderr("%s: %s", path,
			   container.state.flaw.text[0] ? container.state.flaw.text
							: container.no_spec.text);
		return EXIT_FAILED;
	}
	job = container_job(&container);
	return show(&job, policy, json);
}

static int explain_container(const struct target_args *args, bool json)
{
	struct target target;
	struct why why;
	int status, r = target_find(args, &target, &why);

	if (r < 0) {
		log_stderr("explain: %s", why.text);
		status = target_exit_status(r);
		if (json)
			tell_failure_json(args->container,
					  status == EXIT_NOT_APPLICABLE ? "missing" : "fail",
					  why.text, stdout);
	} else {
		struct job job = target_job(&target);

		status = show(&job, args->policy, json);
	}
	target_close(&target);
	return status;
}

static int run_explain(const struct arguments *args)
{
	struct target_args target = args->target;

	if (args->n_operands != (args->state ? 0 : 1))
		return exit_usage("explain", "name one container, or a file with --state");
	target.container = args->operands[0];
	if (args->policy->broken)
		log_stderr(
			"explain: the configuration is broken: %s; see oci-thin-grow config check",
			args->policy->broken);
	return args->state ? explain_state(args->state, args->policy, args->json)
			   : explain_container(&target, args->json);
}

const struct command command_explain = {
	.name = "explain",
	.arguments = "CONTAINER",
	.what = "where a size comes from; what would be done",
	.help = help,
	.options = {"state", "json", "data-root"},
	.max_operands = 1,
	.needs_root = true,
	.policy = POLICY_ANY,
	.run = run_explain,
};
