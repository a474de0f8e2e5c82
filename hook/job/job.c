/* SPDX-License-Identifier: Apache-2.0 */
#include "job/job.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "engine/containerd-find.h"
#include "engine/engine.h"
#include "engine/remembered-roots.h"
#include "job/request.h"
#include "job/settings.h"
#include "job/vm-disk.h"
#include "oci/namespace.h"

#include <errno.h>
#include <stdlib.h>

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

/* Is the rootfs, which was opened with the result job->error, a thin device that is mounted here?
 */
static bool is_mounted_here(struct job *job, struct grow_order order)
{
	if (job->error < 0)
		return false;
	order.dry_run = true;
	grow_rootfs(&job->rootfs, &order, &job->report, &job->why);
	job->report.unfinished = false;
	if (job->report.result != GROW_NOT_APPLICABLE)
		return true;
	grow_report_free(&job->report);
	rootfs_close(&job->rootfs);
	return false;
}

/* Two kernels writing to one filesystem damage it. */
static enum job_outcome leave_to_vm(struct job *job)
{
	why_set(&job->why, 0,
		"its disk is mounted here, and a virtual machine has or gets the disk as well: "
		"growing it under two kernels would damage it");
	return request_is_implicit(&job->request) ? JOB_NOT_APPLICABLE : JOB_REFUSED;
}

/* Does the engine re-create this device, and start the same container from it again? */
static bool is_started_again(const struct job *job)
{
	const char *device = job->report.device.name;

	return device && engine_names_device(device) && !job_is_in_pod(job);
}

static bool is_healed(struct job *job)
{
	const struct thin_device *device = &job->report.device;
	struct healing host;

	if (job->host)
		host = *job->host;
	else
		healing_host(&host);
	healing_device(&host, device->dev, device->name, &job->healing);
	return job->healing.armed;
}

/*
 * A dry run first: if nothing would heal the device, refuse, because the operator who asks can fix
 * the host first.
 */
static int grow_if_healed(struct job *job, struct grow_order *order)
{
	int r;

	order->dry_run = true;
	r = grow_rootfs(&job->rootfs, order, &job->report, &job->why);
	order->dry_run = job->dry_run;
	if (r < 0 || job->report.result != GROW_DONE)
		return r;
	job->unhealed =
		!plan_is_empty(&job->report.plan) && is_started_again(job) && !is_healed(job);
	if (job->unhealed) {
		why_set(&job->why, 0, "%s", job_unhealed(job));
		job->report.result = GROW_REFUSED;
	}
	if (job->unhealed || job->dry_run)
		return 0;
	grow_report_free(&job->report);
	return grow_rootfs(&job->rootfs, order, &job->report, &job->why);
}

/*
 * A size from a rule or the default is not applicable, rather than refused or failed, if the rootfs
 * is not known or the pool may not be used.
 */
static enum job_outcome outcome_of(const struct job *job)
{
	const struct grow_report *report = &job->report;
	bool is_implicit = request_is_implicit(&job->request);

	if (job->error == -EREMOTE)
		return JOB_NOT_APPLICABLE;
	if (job->error < 0)
		return job->error == -ENODATA && is_implicit ? JOB_NOT_APPLICABLE : JOB_FAILED;
	switch (report->result) {
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
	if (report->pool_denied && is_implicit)
		return JOB_NOT_APPLICABLE;
	/* The device was extended by an earlier run, or by its engine: the container starts. */
	return job->at_start && !job->in_vm && !report->plan.device_sectors ? JOB_POSTPONED
									    : JOB_REFUSED;
}

static bool is_engines(const struct rootfs *rootfs)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct why unused;

	return thin_lookup(rootfs->dev, &device, &unused) == 0 && engine_names_device(device.name);
}

/*
 * How far a filesystem grows while the container waits for it; 0: all the way. The daemon finishes
 * only devices of engines, and only what it sees mounted: engines may mount in a namespace of their
 * own.
 */
static uint64_t start_limit(const struct job *job, const struct policy *policy)
{
	uint64_t limit = policy->start_with_bytes;

	if (!job->at_start || job->in_vm || !limit || job->request.bytes <= limit ||
	    !settings_has_daemon(policy, RUN_DIR) || !namespace_is_hosts("/proc") ||
	    !is_engines(&job->rootfs))
		return 0;
	return limit;
}

static enum job_outcome grow(struct job *job, const struct policy *policy)
{
	struct grow_order order = job->request.origin == ORIGIN_AUTOGROW
					  ? settings_autogrow_order(policy)
					  : settings_order(policy);
	struct text source;

	order.want_bytes = job->request.bytes;
	order.source = request_source_into(&source, &job->request, ':');
	order.dry_run = job->dry_run;
	order.progress = job->progress;
	order.warn = job->warn;
	order.progress_context = job->progress_context;
	if (policy_allow(policy, &job->request, &job->why) < 0)
		return JOB_REFUSED;
	job->error = open_rootfs(job);
	if (job->error == 0)
		order.fs_limit_bytes = start_limit(job, policy);
	if (job->in_vm && is_mounted_here(job, order))
		return leave_to_vm(job);
	if (job->in_vm)
		job->error = vm_disk_grow(job, policy, &order);
	else if (job->error == 0)
		job->error = job->refuse_unhealed
				     ? grow_if_healed(job, &order)
				     : grow_rootfs(&job->rootfs, &order, &job->report, &job->why);
	if (job->error == 0 && job->report.pool_denied)
		policy_deny_pool(policy, job->report.pool.name, &job->why);
	return outcome_of(job);
}

/* Has the device the requested size? Reads only. */
static bool is_mounted_long_enough(struct job *job, const struct policy *policy)
{
	struct grow_order order = settings_order(policy);

	order.want_bytes = job->request.bytes;
	order.dry_run = true;
	if (open_rootfs(job) == 0)
		grow_rootfs(&job->rootfs, &order, &job->report, &job->why);
	job->report.unfinished = false;
	return job->report.device.name && job->report.result != GROW_NOT_APPLICABLE &&
	       !job->report.plan.device_sectors;
}

static bool is_long_enough(struct job *job, const struct policy *policy)
{
	if (job->in_vm ? vm_disk_is_long_enough(job, policy) : is_mounted_long_enough(job, policy))
		return true;
	grow_report_free(&job->report);
	job->report = (struct grow_report){0};
	return false;
}

/*
 * A size that was granted once may be denied by now, or the configuration may be broken: a
 * container whose device has that size starts again.
 */
static enum job_outcome refuse(struct job *job, const struct policy *policy,
			       enum job_outcome outcome, const struct why *refusal)
{
	bool starts = job->at_start && job->request.bytes && is_long_enough(job, policy);

	job->why = *refusal;
	if (!starts)
		return outcome;
	if (job->report.plan.fs_bytes)
		return JOB_POSTPONED;
	job->report.warning = *refusal;
	return JOB_KEPT;
}

static enum job_outcome decide_and_grow(struct job *job, const struct policy *policy)
{
	int r = job_find_request(job, policy);
	enum job_outcome outcome, checked;
	struct why off, refusal;

	if (job->sandbox || (!request_exists(&job->request) && !policy_gives(policy)))
		return JOB_NOTHING;
	if (settings_switched_off(policy, RUN_DIR, &off)) {
		job->why = off;
		return request_exists(&job->request) ? JOB_SWITCHED_OFF : JOB_NOTHING;
	}
	outcome = job_decide(job, policy, r);
	if (outcome == JOB_NOTHING && !request_exists(&job->request))
		return JOB_NOTHING;
	refusal = job->why;
	checked = job->check ? job->check(job) : JOB_NOTHING;
	if (checked != JOB_NOTHING)
		return checked;
	return outcome == JOB_NOTHING ? grow(job, policy) : refuse(job, policy, outcome, &refusal);
}

enum job_outcome job_check_rootless(struct job *job)
{
	int r = namespace_is_rootless("/proc", &job->why);

	if (r < 0)
		return JOB_FAILED;
	return r > 0 ? JOB_NOT_APPLICABLE : JOB_NOTHING;
}

bool job_is_interrupted(const struct job *job)
{
	return job->error == -ECANCELED;
}

bool job_is_pool_refusal(const struct job *job)
{
	return job->outcome == JOB_REFUSED && job->report.result == GROW_REFUSED &&
	       !job->report.pool_denied && !job->unhealed;
}

/* Did we grow it, now or before? */
static bool is_grown(const struct job *job)
{
	struct ledger_entry entry;
	struct why unused;

	return job->outcome == JOB_GROWN ||
	       (job->outcome == JOB_KEPT &&
		ledger_read(LEDGER_DIR, job->report.device.name, &entry, &unused) > 0 &&
		entry.thin_id == job->report.device.thin_id);
}

/* Would a grown device be re-created too short, and nothing extend it? */
static void check_healing(struct job *job)
{
	if (!job->unhealed)
		job->unhealed = is_started_again(job) && is_grown(job) && !is_healed(job);
}

const char *job_unhealed_into(struct text *out, const struct job *job)
{
	const struct healing *healing = &job->healing;

	return text_into(out,
			 "it would not start again after a stop or reboot, because %s. Fix: %s",
			 healing->why.text, healing_advice(healing));
}

/* heal needs it when the host boots. */
static void remember_root(const struct job *job)
{
	_cleanup_free_ char *ns = engine_namespace_of_bundle(job->bundle);
	_cleanup_free_ char *root =
		ns ? containerd_root_of_bundle(job->bundle, ns, job->container) : NULL;

	if (root)
		remembered_roots_note(ROOTS_DIR, root);
}

static void run_timed(struct job *job, const struct policy *policy,
		      enum job_outcome (*run)(struct job *job, const struct policy *policy))
{
	uint64_t start_ms = now_ms();

	job->outcome = run(job, policy);
	check_healing(job);
	if (job->outcome == JOB_GROWN || job->outcome == JOB_KEPT)
		remember_root(job);
	job->took_ms = now_ms() - start_ms;
}

void job_run(struct job *job, const struct policy *policy)
{
	run_timed(job, policy, decide_and_grow);
}

void job_grow(struct job *job, const struct policy *policy)
{
	run_timed(job, policy, grow);
}

const char *job_warning(const struct job *job)
{
	const struct grow_report *report = &job->report;

	if (report->warning.text[0])
		return report->warning.text;
	if (job->outcome == JOB_GROWN && report->caution.text[0])
		return report->caution.text;
	return job->unread.text[0] ? job->unread.text : NULL;
}

void job_free(struct job *job)
{
	free(job->found_image);
	free(job->found_ns);
	free(job->found_size_option);
	json_free(job->labels_doc);
	rootfs_close(&job->rootfs);
	grow_report_free(&job->report);
}
