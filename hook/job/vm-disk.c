/* SPDX-License-Identifier: Apache-2.0 */
#include "job/vm-disk.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/fresh.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "disk/vm-extend.h"
#include "disk/vm-mark.h"
#include "engine/containerd-find.h"
#include "engine/engine.h"
#include "job/fresh-proof.h"
#include "job/started.h"
#include "job/target.h"

#include <errno.h>

#define DEFAULT_ROOT "/var/lib/containerd"

static int not_applicable(struct job *job)
{
	job->report.result = GROW_NOT_APPLICABLE;
	return 0;
}

/* --- finding it ------------------------------------------------------------------------------ */

/* Where containerd keeps everything, unless its snapshotter was configured otherwise. */
static int find_in_root(const struct job *job, const char *root, const char *ns,
			struct containerd_record *ret, struct why *why)
{
	const char *const dirs[] = {root};

	return containerd_find(&(struct engine_roots){dirs, 1}, ns, job->container, ret, why);
}

static int find_elsewhere(const struct job *job, const struct policy *policy, const char *root,
			  const char *ns, struct containerd_record *ret, struct why *why)
{
	_cleanup_(engine_roots_free) struct engine_root_set set = {0};
	const struct target_args args = {.policy = policy};
	int r = engine_roots_add(&set, root);

	if (r == 0)
		r = target_roots(&args, &set);
	return r < 0 ? why_no_memory(why)
		     : containerd_find(&set.roots, ns, job->container, ret, why);
}

/* 1; 0; -errno with a reason. */
static int find_disk(const struct job *job, const struct policy *policy, const char *ns,
		     struct containerd_record *ret, struct why *why)
{
	_cleanup_free_ char *known = NULL;
	const char *root;
	int r;

	if (!ns || engine_is_dockers_namespace(ns))
		return 0;
	known = containerd_root_of_bundle(job->bundle, ns, job->container);
	root = known ? known : DEFAULT_ROOT;
	r = find_in_root(job, root, ns, ret, why);
	if (r < 0 || (r > 0 && ret->device))
		return r;
	containerd_record_free(ret);
	r = find_elsewhere(job, policy, root, ns, ret, why);
	return r > 0 ? ret->device != NULL : r;
}

static int look_up(const struct containerd_record *disk, struct thin_device *ret, struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	int r = thin_lookup_name(disk->device, &device, why);

	if (r == -ENODEV || r == -ENXIO)
		return why_set(why, -r, "device %s is not active", quote(disk->device));
	if (r < 0)
		return why_prefix(why, r, text("device %s", quote(disk->device)));
	if (disk->thin_id < 0 || disk->thin_id != device.thin_id)
		return why_set(why, ESTALE,
			       "device %s is not the one that containerd made for the container",
			       quote(disk->device));
	*ret = device;
	device = (struct thin_device){0};
	return 0;
}

/* --- is it fresh? ---------------------------------------------------------------------------- */

static int prove(const struct job *job, const struct containerd_record *disk, const char *ns,
		 const char *ledger_dir, struct why *why)
{
	struct fresh_parent *parents = calloc(disk->n_parents + 1, sizeof(*parents));
	struct why unread;
	const struct fresh_evidence evidence = {
		.id = job->container,
		.key = disk->key,
		.in_vm = vm_mark_read(&job->report.device, ledger_dir, why) != 0,
		.by_cri = started_by_cri(ns, job->annotations, JOB_ANNOTATIONS),
		.runtime = disk->runtime,
		.started = started_read(&started_dirs, ns, job->container, &unread) != 0,
		.parents = parents,
		.n_parents = disk->n_parents,
	};
	int r;

	if (!parents)
		return why_no_memory(why);
	for (size_t i = 0; i < disk->n_parents; i++)
		parents[i] = (struct fresh_parent){
			.key = disk->parents[i].key,
			.maybe_vms = vm_mark_is_possible(disk->parents[i].device, ledger_dir),
		};
	r = fresh_proof(&evidence, why);
	free(parents);
	return r;
}

/* --- growing it ------------------------------------------------------------------------------ */

static int wait_closed(const struct thin_device *device, uint64_t timeout_ms, struct why *why)
{
	const struct deadline deadline = {.end_ms = now_ms() + timeout_ms};

	return fresh_wait_closed(device, &deadline, why);
}

static int grow_mounted(struct job *job, const struct grow_order *order)
{
	struct why busy;
	int r, closed;

	grow_report_free(&job->report);
	r = grow_rootfs(&job->rootfs, order, &job->report, &job->why);
	rootfs_close(&job->rootfs);
	job->rootfs.fs = job->report.fs.type; /* for the log */
	closed = job->report.device.name
			 ? wait_closed(&job->report.device, order->timeout_ms, &busy)
			 : 0;
	if (r == 0 && closed < 0) {
		job->why = busy;
		return closed;
	}
	return r;
}

/* 1: its filesystem cannot be reached, with the reason in *why. */
static int grow_fresh(struct job *job, const struct grow_order *order, struct why *why)
{
	int r = fresh_open(&job->report.device, order->ledger_dir, &job->rootfs, why);

	if (r == 0)
		return grow_mounted(job, order);
	if (r == -EBUSY && !job->before_vm) {
		why_set(&job->why, 0,
			"too late: %s. The shim containerd-shim-oci-thin-grow-NAME-v2 grows it in "
			"time",
			why->text);
		return not_applicable(job);
	}
	if (r == -EBUSY || r == -EPERM || r == -ENOTSUP)
		return 1;
	job->why = *why;
	return r == -EINVAL ? not_applicable(job) : r;
}

/* Has our shim done it, before the runtime called the hook? */
static bool is_done_by_shim(const struct job *job, const struct grow_order *order)
{
	const struct thin_device *device = &job->report.device;
	struct why unread;

	return device->sectors * SECTOR_BYTES >= order->want_bytes &&
	       vm_mark_read(device, order->ledger_dir, &unread) > 0;
}

static int grow_device_only(struct job *job, const struct grow_order *order, const struct why *why)
{
	int r;

	if (job->report.device.opens && !job->before_vm && is_done_by_shim(job, order)) {
		job->report.from_sectors = job->report.device.sectors;
		job->report.result = GROW_KEPT;
		return 0;
	}
	if (job->report.device.opens && !job->before_vm) {
		why_set(&job->why, 0, "too late: its disk is in use already");
		return not_applicable(job);
	}
	r = vm_extend(order, &job->report, &job->why);
	if (r == 0 && job->report.result == GROW_DONE)
		why_set(&job->report.warning, 0,
			"only the device has grown, and the guest must grow its filesystem: %s",
			why->text);
	return r;
}

static int mark(struct job *job, const struct grow_order *order)
{
	const struct vm_mark_order mark = {.run_dir = order->run_dir,
					   .ledger_dir = order->ledger_dir,
					   .timeout_ms = order->timeout_ms};
	struct why unread;
	int r;

	if (order->dry_run || (job->report.result != GROW_DONE && job->report.result != GROW_KEPT))
		return 0;
	r = job->report.result == GROW_KEPT &&
			    vm_mark_read(&job->report.device, order->ledger_dir, &unread) > 0
		    ? 0
		    : vm_mark(&job->report.device, &mark, &job->why);
	job->marked = r == 0;
	return r;
}

static int grow_found(struct job *job, const struct containerd_record *disk, const char *ns,
		      const struct grow_order *order)
{
	struct why why;
	int r = look_up(disk, &job->report.device, &job->why);

	if (r < 0)
		return r;
	r = prove(job, disk, ns, order->ledger_dir, &why) < 0 ? 1 : grow_fresh(job, order, &why);
	if (r > 0)
		r = grow_device_only(job, order, &why);
	return r < 0 ? r : mark(job, order);
}

int vm_disk_grow(struct job *job, const struct policy *policy, const struct grow_order *order)
{
	_cleanup_(containerd_record_free) struct containerd_record disk = {0};
	_cleanup_free_ char *found_ns = engine_namespace_of_bundle(job->bundle);
	const char *ns = job->vm_ns ? job->vm_ns : found_ns;
	int r;

	job->report = (struct grow_report){0};
	r = find_disk(job, policy, ns, &disk, &job->why);
	if (r < 0)
		return r;
	if (r == 0) {
		why_set(&job->why, 0,
			"it runs in a virtual machine, which mounts its disk itself: the host "
			"cannot grow it");
		return not_applicable(job);
	}
	return grow_found(job, &disk, ns, order);
}

bool vm_disk_is_long_enough(struct job *job, const struct policy *policy)
{
	_cleanup_(containerd_record_free) struct containerd_record disk = {0};
	_cleanup_free_ char *found_ns = engine_namespace_of_bundle(job->bundle);
	const char *ns = job->vm_ns ? job->vm_ns : found_ns;
	struct why unused;

	return find_disk(job, policy, ns, &disk, &unused) > 0 &&
	       look_up(&disk, &job->report.device, &unused) == 0 &&
	       job->report.device.sectors * SECTOR_BYTES >= job->request.bytes;
}

/* --- one that an operator names -------------------------------------------------------------- */

int vm_disk_open(void *context, struct rootfs *ret, struct why *why)
{
	return fresh_open(context, LEDGER_DIR, ret, why);
}

int vm_disk_give(struct job *job, const struct thin_device *device, const struct policy *policy,
		 struct why *why)
{
	const struct vm_mark_order order = {RUN_DIR, LEDGER_DIR, policy->timeout_ms};
	int r;

	cleanup_close(&job->rootfs.fd);
	job->rootfs.fd = -EBADF;
	r = wait_closed(device, policy->timeout_ms, why);
	return r < 0 ? r : vm_mark(device, &order, why);
}
