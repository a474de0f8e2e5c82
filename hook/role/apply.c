/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `apply CONTAINER... | --all`: grows running containers to the sizes that their next start would
 * give them. One that fails does not stop the others; a pool in trouble does, because the next ones
 * would make it worse.
 */

#include "base/cleanup.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/terminal.h"
#include "base/text.h"
#include "disk/healing.h"
#include "disk/lock.h"
#include "job/job.h"
#include "job/settings.h"
#include "job/tally.h"
#include "job/target.h"
#include "job/tell.h"
#include "oci/json.h"
#include "role/role.h"

#include <errno.h>
#include <string.h>

static const char help[] =
	"Usage: oci-thin-grow apply [OPTIONS] CONTAINER... | --all\n"
	"Makes the disks of running containers as large as the next start would make\n"
	"them: after an annotation, label or rule has changed. Nothing is made smaller.\n"
	"A container that fails does not stop the others; a pool that is full or in\n"
	"trouble does.\n\n"
	"  --all              all running ones; --verbose also names those that need\n"
	"                     nothing\n"
	"  --dry-run          only say what would be done\n"
	"  --json             as one JSON object\n"
	"  --unhealed         also those that would not start again, because nothing\n"
	"                     extends their disks then\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n\n"
	"Examples:\n"
	"  oci-thin-grow apply --all --dry-run\n"
	"  oci-thin-grow apply web docker:db\n\n"
	"Exit status: 0 done, or nothing to do; 1 some failed; 2 usage; 3 some were\n"
	"refused, a pool stopped it, or it is switched off; 4 no such container;\n"
	"130 interrupted.\n";

struct apply {
	const struct arguments *args;
	struct healing host;
	struct json_writer *json; /* only with --json */
	struct progress progress;
	struct tally tally;
	char *pool; /* the one that stops it, or NULL */
};

/* --- reporting ------------------------------------------------------------------------------- */

/* A container that was named is always reported; with --all only changes and problems are. */
static void tell_idle(const struct apply *apply, const char *label, const char *what)
{
	if (apply->args->all || apply->args->json) {
		log_debug("%s: %s", quote(label), what);
		return;
	}
	printf("%s: ", quote_unless_printable(label));
	terminal_print(stdout, STYLE_DIM, "%s\n", what);
}

/* Adds a container without a job to the JSON. */
static void add_idle(struct apply *apply, const char *label,
		     const struct engine_container *container, const char *action,
		     const char *reason)
{
	json_write_object(apply->json, NULL);
	json_write_string(apply->json, "id", container ? container->id : NULL);
	json_write_string(apply->json, "container", label);
	json_write_string(apply->json, "engine", container ? container->engine : NULL);
	json_write_string(apply->json, "action", action);
	json_write_string(apply->json, "reason", reason);
	json_write_close(apply->json);
}

static void pass_over(struct apply *apply, const char *label,
		      const struct engine_container *container, const char *reason)
{
	apply->tally.n[FATE_PASSED_OVER]++;
	add_idle(apply, label, container, "skip", reason);
	tell_idle(apply, label, reason);
}

static void tell_change(const struct apply *apply, const struct job *job)
{
	struct text message;

	tell_job(job, &message);
	if (job_warning(job))
		log_stderr("container %s: %s", quote(job->container), job_warning(job));
	tell_cost_into(&message, job);
	if (message.s[0])
		log_stderr("%s", message.s);
	if (job->outcome == JOB_GROWN && !apply->args->json)
		tell_text(job, stdout);
}

static void tell_container(struct apply *apply, const struct job *job,
			   const struct engine_container *container)
{
	if (job->outcome == JOB_GROWN || job->outcome > JOB_NOT_APPLICABLE || job_warning(job)) {
		tell_change(apply, job);
	} else if (job->outcome == JOB_KEPT) {
		tell_idle(apply, job->container,
			  text("has %s already",
			       size_format(job->report.device.sectors * SECTOR_BYTES)));
	} else {
		tell_idle(apply, job->container, "no size is requested");
	}
	json_write_object(apply->json, NULL);
	json_write_string(apply->json, "id", container->id);
	tell_json(job, apply->json);
	json_write_close(apply->json);
}

/* --- one container --------------------------------------------------------------------------- */

static enum fate fate_of(const struct job *job)
{
	static const enum fate fates[] = {
		[JOB_NOTHING] = FATE_UNASKED,	   [JOB_KEPT] = FATE_KEPT,
		[JOB_GROWN] = FATE_GROWN,	   [JOB_NOT_APPLICABLE] = FATE_PASSED_OVER,
		[JOB_SWITCHED_OFF] = FATE_REFUSED, [JOB_REFUSED] = FATE_REFUSED,
		[JOB_FAILED] = FATE_FAILED,	   [JOB_POSTPONED] = FATE_POSTPONED,
	};

	if (job_is_interrupted(job))
		return FATE_LEFT;
	/* It may have ended since the list was made. */
	return job->error == -ESRCH ? FATE_PASSED_OVER : fates[job->outcome];
}

static void run_job(struct apply *apply, struct target *target)
{
	struct job job = target_job(target);
	enum fate fate;

	job.dry_run = apply->args->dry_run;
	job.refuse_unhealed = !apply->args->unhealed;
	job.host = &apply->host;
	job.progress = progress_step;
	job.progress_context = &apply->progress;
	progress_of(&apply->progress, job.container);
	job_run(&job, apply->args->policy);
	progress_clear(&apply->progress);
	fate = fate_of(&job);
	if (fate == FATE_PASSED_OVER) {
		pass_over(apply, job.container, target->container, job.why.text);
	} else {
		apply->tally.n[fate]++;
		tell_container(apply, &job, target->container);
	}
	if (job_is_pool_refusal(&job))
		apply->pool = strdup(job.report.pool.name);
	job_free(&job);
}

static void leave(struct apply *apply, const char *label, const struct engine_container *container)
{
	apply->tally.n[FATE_LEFT]++;
	add_idle(apply, label, container, "left", NULL);
	if (apply->args->json)
		return;
	printf("%s: ", quote_unless_printable(label));
	terminal_print(stdout, STYLE_WARN, "left undone\n");
}

static void apply_to(struct apply *apply, const struct engine_container *container)
{
	_cleanup_(target_close) struct target target = {.rootfs.fd = -EBADF};
	struct why why;

	if (target_of(container, &target, &why) < 0) {
		apply->tally.n[FATE_FAILED]++;
		log_stderr("apply: %s", why.text);
	} else if (apply->pool || progress_is_interrupted()) {
		leave(apply, target.label, container);
	} else if (!container->pid) {
		pass_over(apply, target.label, container,
			  target_is_in_vm(container) ? "a virtual machine has its disk"
						     : "it is not running");
	} else {
		run_job(apply, &target);
	}
}

/* --- all of them ----------------------------------------------------------------------------- */

static void add_end(struct apply *apply, const char *stopped_by)
{
	json_write_array_close(apply->json);
	json_write_bool(apply->json, "dry_run", apply->args->dry_run);
	json_write_string(apply->json, "stopped_by", stopped_by);
	json_write_string(apply->json, "pool", apply->pool);
	tally_json(&apply->tally, apply->json);
}

/* An exit status. */
static int sum_up_jobs(struct apply *apply)
{
	bool interrupted = !apply->pool && progress_is_interrupted();

	if (apply->pool || interrupted)
		log_stderr("apply: stopped by %s%s; left undone: %u",
			   apply->pool ? "pool " : "a signal",
			   apply->pool ? quote(apply->pool) : "", apply->tally.n[FATE_LEFT]);
	if (apply->args->json)
		add_end(apply, apply->pool ? "pool" : interrupted ? "signal" : NULL);
	else
		tally_print(&apply->tally, apply->args->dry_run, stdout);
	if (tell_end("apply", apply->args->json, apply->json) < 0)
		return EXIT_FAILED;
	if (interrupted)
		return EXIT_INTERRUPTED;
	return apply->pool ? EXIT_REFUSED : tally_exit_status(&apply->tally);
}

/* One that cannot be found does not stop the others. */
static void apply_to_named(struct apply *apply, const struct engine_list *list, const char *name)
{
	const struct engine_container *found;
	struct why why;

	if (engine_list_find(list, name, &found, &why) == 0) {
		apply_to(apply, found);
		return;
	}
	apply->tally.n[FATE_MISSING]++;
	add_idle(apply, name, NULL, "missing", why.text);
	log_stderr("apply: %s", why.text);
}

static int apply(const struct arguments *args)
{
	_cleanup_(engine_list_free) struct engine_list list = {0};
	struct apply apply = {.args = args};
	struct why why;
	int status;

	/* While hooks and wrappers are switched off, so is this. */
	if (settings_switched_off(args->policy, RUN_DIR, &why))
		return tell_failure("apply", args->json, EXIT_REFUSED, why.text);
	if (target_list(&args->target, &list, &why) < 0)
		return tell_failure("apply", args->json, EXIT_FAILED, why.text);
	apply.json = args->json ? json_writer_begin() : NULL;
	json_write_array(apply.json, "containers");
	healing_host(&apply.host);
	progress_begin(&apply.progress);
	for (size_t i = 0; args->all && i < list.n; i++)
		apply_to(&apply, &list.containers[i]);
	for (char *const *name = args->operands; *name; name++)
		apply_to_named(&apply, &list, *name);
	progress_end(&apply.progress);
	status = sum_up_jobs(&apply);
	free(apply.pool);
	return status;
}

static int run_apply(const struct arguments *args)
{
	if (args->all == (args->n_operands > 0))
		return tell_usage("apply", args->json, "name containers, or use --all");
	return apply(args);
}

const struct command command_apply = {
	.name = "apply",
	.arguments = "CONTAINER... | --all",
	.what = "apply requests and policy to running containers",
	.help = help,
	.options = {"all", "dry-run", "json", "unhealed", "data-root"},
	.max_operands = ANY_NUMBER,
	.needs_root = true,
	.policy = POLICY_SOUND,
	.run = run_apply,
};
