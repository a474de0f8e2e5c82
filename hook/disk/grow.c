/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/grow.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/extend.h"
#include "disk/frozen.h"
#include "disk/intent.h"
#include "disk/locate.h"
#include "disk/lock.h"
#include "disk/vm-mark.h"

#include <errno.h>
#include <string.h>

/* Whole block groups. Not smaller, because each step ends with a flush of the journal. */
#define STEP_BYTES (UINT64_C(8) << 30)

static int not_applicable(struct grow_report *report)
{
	report->result = GROW_NOT_APPLICABLE;
	return 0;
}

/* A damaged entry is a warning, later. */
static bool is_in_vm(const struct grow_order *order, struct grow_report *report, struct why *why)
{
	struct why unread;

	report->in_vm = vm_mark_read(&report->device, order->ledger_dir, &unread) > 0;
	if (report->in_vm)
		why_set(why, 0,
			"device %s was given to a virtual machine: only its guest can grow the "
			"filesystem",
			quote(report->device.name));
	return report->in_vm;
}

/* Looks at what is under the rootfs. Sets report->result if it must not be touched. */
static int look(const struct rootfs *rootfs, const struct grow_order *order,
		struct grow_report *report, struct why *why)
{
	int r;

	report->result = GROW_KEPT;
	thin_device_free(&report->device);
	r = locate_thin(rootfs, &report->device, why);
	if (r == 0)
		return not_applicable(report);
	if (r < 0)
		return r;
	if (is_in_vm(order, report, why))
		return not_applicable(report);
	r = growfs_read(rootfs, &report->fs, why);
	if (r == -ENOTSUP)
		return not_applicable(report);
	return r;
}

static void decide(const struct grow_order *order, struct grow_report *report)
{
	report->from_sectors = report->device.sectors;
	report->fs_before = report->fs;
	report->plan = plan_make(order->want_bytes, report->device.sectors, &report->fs);
	plan_limit(&report->plan, order->fs_limit_bytes, &report->fs);
	report->put_off = plan_is_limited(&report->plan);
	if (!growfs_caution(&report->fs, report->plan.fs_bytes, &report->caution))
		report->caution.text[0] = '\0';
	report->unfinished = plan_is_empty(&report->plan) && intent_is_unfinished(order, report);
	if (report->unfinished ||
	    (!plan_is_empty(&report->plan) && !intent_is_put_off(order, report)))
		report->result = GROW_DONE;
}

static uint64_t cost_blocks(const struct grow_report *report)
{
	return growfs_cost_blocks(&report->fs, report->plan.fs_bytes,
				  report->pool.block_sectors * SECTOR_BYTES);
}

static int check_pool(const struct grow_order *order, struct grow_report *report, int pool_lock,
		      struct why *why)
{
	const char *name = report->pool.name;
	uint64_t cost = cost_blocks(report);
	int r;

	if (order->allows_pool && !order->allows_pool(name, order->allows_pool_context)) {
		why_set(why, 0, "pool %s may not be used", quote(name));
		report->pool_denied = true;
		report->result = GROW_REFUSED;
		return 0;
	}
	r = guard_check(&order->marks, order->ledger_dir, &report->pool, &report->device,
			report->plan.device_sectors, cost, why);
	if (r == 0)
		r = guard_check_claims(&report->pool, &order->marks, cost,
				       lock_claimed_blocks(pool_lock), why);
	if (r != -ENOSPC)
		return r;
	report->result = GROW_REFUSED;
	return 0;
}

/* Check everything that can fail before anything is touched. @pool_lock: -EBADF in a dry run. */
static int check(struct rootfs *rootfs, const struct grow_order *order, struct grow_report *report,
		 int pool_lock, struct why *why)
{
	int r;

	if (report->device.read_only)
		return why_set(why, EROFS, "device %s is read-only", quote(report->device.name));
	if (report->device.deferred_remove)
		return why_set(why, EBUSY, "device %s is about to be removed",
			       quote(report->device.name));
	if ((r = growfs_check_privileges(why)) < 0 ||
	    (r = plan_check_fs(&report->plan, &report->fs, why)) < 0)
		return r;
	if (report->plan.fs_bytes) {
		r = rootfs_make_writable(rootfs, why);
		if (r < 0)
			return why_prefix(why, r, "rootfs cannot be written");
	}
	thin_pool_free(&report->pool);
	r = thin_pool_status(report->device.pool, &report->pool, why);
	if (r == 0)
		r = check_pool(order, report, pool_lock, why);
	if (r < 0 || report->result == GROW_REFUSED)
		return r;
	return intent_check_last(order, report, why);
}

/*
 * After XFS_IOC_FSGROWFSDATA the superblock on disk still has the old size, and Linux 6.1 fails the
 * first mount after a crash. Swapping in the same table with a freeze writes it: the kernel
 * freezes, flushes and thaws in one call, which SIGKILL cannot interrupt.
 */
static int settle(const struct grow_order *order, struct grow_report *report,
		  struct deadline *deadline, struct why *why)
{
	/* Growing may have used up the time, and is done. */
	deadline_restart(deadline, order->timeout_ms);
	return extend_device(&report->device, report->device.sectors, true, deadline, why);
}

/* Device and filesystem have the wanted size: a container must not fail because of the rest. */
static void leave_unfinished(struct grow_report *report, const struct why *why)
{
	report->warning = *why;
	report->unfinished = false;
	report->result = GROW_KEPT;
}

/*
 * Too late to fail: the growth is done and in the ledger. If settling fails, the entry stays
 * "intended": heal keeps the device's length, and the next run tries again. But another program may
 * have made the device shorter meanwhile.
 */
static int conclude(const struct grow_order *order, struct grow_report *report,
		    struct ledger_entry *entry, struct deadline *deadline, struct why *why)
{
	uint64_t sectors = report->device.sectors;
	int r = report->fs.needs_settling ? settle(order, report, deadline, why) : 0;

	if (r < 0 && report->device.sectors < sectors)
		return r;
	if (r < 0) {
		why_prefix(why, r, "grown, but not settled: the next run tries again");
		if (report->unfinished)
			leave_unfinished(report, why);
		else
			report->warning = *why;
		return 0;
	}
	if (intent_is_reached(entry, report))
		intent_done(order, report, entry);
	else
		intent_pause(order, report, entry);
	return 0;
}

/* The end of the next step: a hundredth of the way, in multiples of STEP_BYTES. */
static uint64_t next_step(const struct grow_order *order, const struct growfs *from,
			  const struct growfs *now, uint64_t target)
{
	uint64_t step = (target - from->bytes) / 100 / STEP_BYTES * STEP_BYTES + STEP_BYTES;
	uint64_t next = (now->bytes + now->slack_bytes) / STEP_BYTES * STEP_BYTES + step;

	return order->progress && next < target ? next : target;
}

static int grow_filesystem(const struct rootfs *rootfs, const struct grow_order *order,
			   struct grow_report *report, struct why *why)
{
	uint64_t target = report->plan.fs_now_bytes, next = 0;

	while (next < target) {
		int r;

		next = next_step(order, &report->fs_before, &report->fs, target);
		r = growfs_grow(rootfs, &report->fs, next, why);
		if (r < 0)
			return r;
		if (next < report->fs.bytes) /* btrfs grows in one step */
			next = report->fs.bytes;
		if (order->progress &&
		    !order->progress(report->fs.bytes, target, order->progress_context) &&
		    next < target)
			return why_set(why, ECANCELED,
				       "interrupted at %s of %s. The filesystem is fine",
				       size_format(report->fs.bytes), size_format(target));
	}
	return 0;
}

static int act(const struct rootfs *rootfs, const struct grow_order *order,
	       struct grow_report *report, struct deadline *deadline, struct why *why)
{
	int r;

	if (report->plan.device_sectors)
		r = extend_device(&report->device, report->plan.device_sectors, false, deadline,
				  why);
	else
		/*
		 * On a suspended device the filesystem's ioctl would hang and could not be killed.
		 */
		r = extend_wait_until_live(&report->device, deadline, why);
	return r < 0 ? r : grow_filesystem(rootfs, order, report, why);
}

/*
 * Two growths must not both be granted the last space of a pool. The pool is locked from the check
 * until this growth has claimed what it may write and, with an over-commit limit, until the ledger
 * has its intent; the next check includes both. The caller closes *ret_claim after growing: the
 * claim lasts longer than the lock, so that growths for which there is space need not wait.
 */
static int check_and_note(struct rootfs *rootfs, const struct grow_order *order,
			  struct grow_report *report, struct ledger_entry *ret, int *ret_claim,
			  const struct deadline *deadline, struct why *why)
{
	_cleanup_close_ int lock = -EBADF;
	int r = lock_device(order->run_dir, report->device.pool, deadline, &lock, why);

	if (r == 0)
		r = check(rootfs, order, report, lock, why);
	if (r < 0 || report->result == GROW_REFUSED)
		return r;
	lock_claim(lock, cost_blocks(report));
	if (!order->marks.overcommit_thousandths)
		lock_release(lock);
	r = intent_note(order, report, ret, why);
	lock_release(lock);
	*ret_claim = TAKE_FD(lock);
	return r;
}

static int grow_locked(struct rootfs *rootfs, const struct grow_order *order,
		       struct grow_report *report, struct deadline *deadline, struct why *why)
{
	_cleanup_close_ int lock = -EBADF, claim = -EBADF;
	struct ledger_entry entry;
	int r;

	r = lock_device(order->run_dir, rootfs->dev, deadline, &lock, why);
	if (r < 0)
		return r;
	/* Another run may have held the lock until now: the last look is the one under the lock. */
	r = look(rootfs, order, report, why);
	if (r < 0 || report->result == GROW_NOT_APPLICABLE)
		return r;
	decide(order, report);
	if (report->result != GROW_DONE)
		return 0;
	r = check_and_note(rootfs, order, report, &entry, &claim, deadline, why);
	if (r < 0 || report->result == GROW_REFUSED)
		return r;
	if (order->warn && report->caution.text[0])
		order->warn(report->caution.text, order->progress_context);
	r = act(rootfs, order, report, deadline, why);
	if (r == -ECANCELED)
		intent_pause(order, report, &entry);
	return r < 0 ? r : conclude(order, report, &entry, deadline, why);
}

/*
 * A filesystem that is frozen would hold its ioctl, and so our locks, until the thaw, beyond
 * SIGKILL. One that is frozen after this look still does. A device that is suspended is waited for
 * later. If there is no answer for another reason, such as no process to ask, it is as it was.
 */
static int await_thaw(const struct rootfs *rootfs, const struct grow_report *report,
		      const struct deadline *deadline, struct why *why)
{
	if (!report->device.suspended && frozen_check(rootfs->fd, deadline, why) == -ETIMEDOUT)
		return -ETIMEDOUT;
	return 0;
}

static int grow_in_time(struct rootfs *rootfs, const struct grow_order *order,
			struct grow_report *report, struct why *why)
{
	struct deadline deadline;
	int r = deadline_start(&deadline, order->timeout_ms);

	if (r < 0)
		return why_set(why, -r, "setting a timer: %s", strerror(-r));
	r = await_thaw(rootfs, report, &deadline, why);
	if (r == 0)
		r = grow_locked(rootfs, order, report, &deadline, why);
	deadline_stop(&deadline);
	return r;
}

/*
 * Conditions that go away by themselves, with time or at the container's next start, without an
 * operator. The container keeps the disk that it has.
 */
static bool must_wait(int r)
{
	switch (-r) {
	case ETIMEDOUT:	  /* the device, its pool or filesystem is suspended, or locked by a run */
	case EINTR:	  /* the deadline came while the swap waited for I/O */
	case EBUSY:	  /* an ext4 just replayed, another resize of ext4, a pending removal */
	case EAGAIN:	  /* another resize of XFS */
	case EINPROGRESS: /* another exclusive operation of btrfs */
		return true;
	default:
		return false;
	}
}

int grow_rootfs(struct rootfs *rootfs, const struct grow_order *order, struct grow_report *report,
		struct why *why)
{
	int r;

	*report = (struct grow_report){0};
	r = look(rootfs, order, report, why);
	if (r < 0 || report->result == GROW_NOT_APPLICABLE)
		return r;
	decide(order, report);
	if (report->result == GROW_KEPT)
		return 0;
	r = order->dry_run ? check(rootfs, order, report, -EBADF, why)
			   : grow_in_time(rootfs, order, report, why);
	if (report->unfinished && (r < 0 || report->result == GROW_REFUSED)) {
		leave_unfinished(report, why);
		return 0;
	}
	if (must_wait(r)) {
		report->result = GROW_POSTPONED;
		return 0;
	}
	return r;
}

void grow_report_free(struct grow_report *report)
{
	thin_device_free(&report->device);
	thin_pool_free(&report->pool);
}
