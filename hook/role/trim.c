/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `trim CONTAINER... | --all`: gives the free space of running containers back to their pools. One
 * that fails does not stop the others.
 */

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "job/settings.h"
#include "job/target.h"
#include "job/tell.h"
#include "job/trim-tell.h"
#include "oci/json.h"
#include "role/role.h"

#include <errno.h>

static const char help[] =
	"Usage: oci-thin-grow trim [OPTIONS] CONTAINER... | --all\n"
	"Gives the free space of running containers' disks back to their pools, where\n"
	"deleted files still take space. Reports what the pool got back.\n"
	"Blocks that a snapshot shares with the disk stay in use.\n\n"
	"  --all              all running ones; --verbose also names the containers that\n"
	"                     do not run or are not on a thin device\n"
	"  --dry-run          only say what would be trimmed, and how much at most\n"
	"  --json             as one JSON object\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n\n"
	"Examples:\n"
	"  oci-thin-grow trim web docker:db\n"
	"  oci-thin-grow trim --all --dry-run\n"
	"  systemctl enable --now oci-thin-grow-trim.timer    # all of them, every week\n\n"
	"Exit status: 0 done, or nothing to do; 1 some failed; 2 usage; 3 a pool may not\n"
	"be used, or it is switched off; 4 no such container, or one that was named was\n"
	"not trimmed; 130 interrupted.\n";

struct trim_run {
	const struct arguments *args;
	struct json_writer *json; /* NULL: text */
	struct progress progress;
	struct trim_sum sum;
	struct trim_pools pools;
};

/* --- reporting ------------------------------------------------------------------------------- */

/* With --all, containers that cannot have anything to trim are not shown. */
static void print_trimming(const struct trim_run *run, const struct trimming *trimming,
			   enum trim_fate fate)
{
	static const enum style styles[TRIM_FATES] = {
		[TRIM_FATE_SKIPPED] = STYLE_WARN,
		[TRIM_FATE_PASSED_OVER] = STYLE_DIM,
		[TRIM_FATE_LEFT] = STYLE_WARN,
	};
	const char *text = trim_tell(trimming);

	if (fate == TRIM_FATE_FAILED || fate == TRIM_FATE_REFUSED) {
		log_stderr("%s", text);
	} else if ((fate == TRIM_FATE_PASSED_OVER && (run->args->all || run->json)) ||
		   (trimming->report.is_pools && run->args->all)) {
		log_debug("%s", text);
	} else if (!run->json) {
		terminal_print(stdout, styles[fate], "%s", text);
		putchar('\n');
	}
}

static void report_trimming(struct trim_run *run, const struct trimming *trimming)
{
	enum trim_fate fate = trim_fate(trimming);

	/* A pool that the configuration excludes is no error if no container in it was named. */
	if (fate == TRIM_FATE_REFUSED && run->args->all)
		fate = TRIM_FATE_SKIPPED;
	trim_sum_add(&run->sum, trimming, fate);
	if (!run->args->dry_run)
		trim_tell_log(trimming, fate);
	print_trimming(run, trimming, fate);
	trim_tell_json(trimming, fate, run->json);
}

static void report_missing(struct trim_run *run, const char *name, const struct why *why)
{
	run->sum.n[TRIM_FATE_MISSING]++;
	tell_missing_json(name, why->text, run->json);
	log_stderr("trim: %s", why->text);
}

/* --- one container --------------------------------------------------------------------------- */

static void trim_opened(struct trim_run *run, const struct target *target,
			struct trimming *trimming)
{
	const struct trim_order order = {
		.allows_pool = policy_allows_pool,
		.allows_pool_context = run->args->policy,
		.dry_run = run->args->dry_run,
		.frozen_ms = TRIM_FROZEN_MS,
		.ledger_dir = LEDGER_DIR,
		.progress = progress_step,
		.progress_context = &run->progress,
	};
	uint64_t begin_ms = now_ms();

	trimming->filesystem = target->rootfs.fs_name;
	progress_of(&run->progress, trimming->container);
	trimming->error = trim_rootfs(&target->rootfs, &order, &trimming->report, &trimming->why);
	progress_clear(&run->progress);
	trimming->took_ms = now_ms() - begin_ms;
	if (trimming->report.pool.name)
		trim_pools_add(&run->pools, trimming);
}

static void trim_target(struct trim_run *run, struct target *target, struct trimming *trimming)
{
	const struct engine_container *container = target->container;

	if (progress_is_interrupted()) {
		trimming->left = true;
	} else if (container->pid) {
		trimming->error = target_open_rootfs(container, &target->spec, &target->rootfs,
						     &trimming->why);
		if (trimming->error == 0)
			trim_opened(run, target, trimming);
	} else if (target_is_in_vm(container)) {
		trimming->report.result = TRIM_SKIPPED;
		why_set(&trimming->why, 0, TRIM_IN_VM);
	} else {
		trimming->report.result = TRIM_NOT_APPLICABLE;
		why_set(&trimming->why, 0, "it is not running");
	}
}

static void trim_container(struct trim_run *run, const struct engine_container *container)
{
	_cleanup_(target_close) struct target target = {.rootfs.fd = -EBADF};
	struct trimming trimming = {
		.id = container->id,
		.engine = container->engine,
		.dry_run = run->args->dry_run,
	};

	trimming.error = target_of(container, &target, &trimming.why);
	trimming.container = target.label ? target.label : container->id;
	if (trimming.error == 0)
		trim_target(run, &target, &trimming);
	report_trimming(run, &trimming);
	trim_report_free(&trimming.report);
}

/* --- all of them ----------------------------------------------------------------------------- */

/* With --all, one line for all containers of a pool in trouble. */
static void print_skipped(const struct trim_run *run, const struct trim_pool *pool)
{
	if (!pool->n_skipped || !run->args->all || run->json)
		return;
	terminal_print(stdout, STYLE_WARN, "%s", trim_pool_skipped(pool));
	putchar('\n');
}

static void tell_pools(const struct trim_run *run)
{
	for (size_t i = 0; i < run->pools.n; i++) {
		const char *note = trim_pool_note(&run->pools.pools[i]);

		print_skipped(run, &run->pools.pools[i]);
		if (*note)
			log_stderr("%s", note);
	}
}

static int print_sum(struct trim_run *run, bool interrupted)
{
	if (run->json) {
		json_write_array_close(run->json);
		trim_pools_json(&run->pools, run->json);
		json_write_bool(run->json, "dry_run", run->args->dry_run);
		json_write_string(run->json, "stopped_by", interrupted ? "signal" : NULL);
		trim_sum_json(&run->sum, run->json);
	} else {
		trim_sum_print(&run->sum, run->args->dry_run, stdout);
	}
	return tell_end("trim", run->json, run->json);
}

static int sum_up_trims(struct trim_run *run)
{
	bool interrupted = progress_is_interrupted();

	tell_pools(run);
	if (interrupted)
		log_stderr("trim: stopped by a signal; left undone: %u",
			   run->sum.n[TRIM_FATE_LEFT]);
	if (print_sum(run, interrupted) < 0)
		return EXIT_FAILED;
	return interrupted ? EXIT_INTERRUPTED : trim_sum_exit_status(&run->sum, run->args->all);
}

static void trim_named(struct trim_run *run, const struct engine_list *list, const char *name)
{
	const struct engine_container *found;
	struct why why;

	if (engine_list_find(list, name, &found, &why) == 0)
		trim_container(run, found);
	else
		report_missing(run, name, &why);
}

static int trim(const struct arguments *args)
{
	_cleanup_(engine_list_free) struct engine_list list = {0};
	struct trim_run run = {.args = args};
	struct why why;
	int status;

	if (settings_switched_off(args->policy, RUN_DIR, &why))
		return tell_failure("trim", args->json, EXIT_REFUSED, why.text);
	if (target_list(&args->target, &list, &why) < 0)
		return tell_failure("trim", args->json, EXIT_FAILED, why.text);
	run.json = args->json ? json_writer_begin() : NULL;
	json_write_array(run.json, "containers");
	progress_begin(&run.progress);
	for (size_t i = 0; args->all && i < list.n; i++)
		trim_container(&run, &list.containers[i]);
	for (char *const *name = args->operands; *name; name++)
		trim_named(&run, &list, *name);
	progress_end(&run.progress);
	status = sum_up_trims(&run);
	trim_pools_free(&run.pools);
	return status;
}

static int run_trim(const struct arguments *args)
{
	if (args->all == (args->n_operands > 0))
		return tell_usage("trim", args->json, "name containers, or use --all");
	return trim(args);
}

const struct command command_trim = {
	.name = "trim",
	.arguments = "CONTAINER... | --all",
	.what = "give free space back to the pool",
	.help = help,
	.options = {"all", "dry-run", "json", "data-root"},
	.max_operands = ANY_NUMBER,
	.needs_root = true,
	.policy = POLICY_SOUND,
	.run = run_trim,
};
