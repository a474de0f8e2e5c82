/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/vm-extend.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/quote.h"
#include "disk/extend.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "disk/superblock.h"
#include "disk/vm-mark.h"

#include <errno.h>
#include <string.h>

#define FS_BLOCK_SECTORS 8 /* of 4 KiB, the largest of any filesystem here */

/* The longer of what is requested and what the ledger has. */
static uint64_t wanted_sectors(const struct grow_order *order, const struct grow_report *report)
{
	uint64_t sectors =
		order->want_bytes / SECTOR_BYTES + (order->want_bytes % SECTOR_BYTES != 0);
	struct ledger_entry entry;
	struct why unread;

	sectors = (sectors + FS_BLOCK_SECTORS - 1) / FS_BLOCK_SECTORS * FS_BLOCK_SECTORS;
	if (ledger_read(order->ledger_dir, report->device.name, &entry, &unread) > 0 &&
	    entry.thin_id == report->device.thin_id && entry.sectors > sectors)
		return entry.sectors;
	return sectors;
}

static int look_again(struct grow_report *report, struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device now = {0};
	int r = thin_lookup(report->device.dev, &now, why);

	if (r == 0 && !thin_is_same(&report->device, &now))
		r = why_set(why, ESTALE, "another device has its number now");
	if (r == 0)
		r = thin_check_plain(&now, why);
	if (r == 0 && now.read_only)
		r = why_set(why, EROFS, "device %s is read-only", quote(now.name));
	if (r < 0)
		return r;
	thin_device_free(&report->device);
	report->device = now;
	now = (struct thin_device){0};
	return 0;
}

static int check_pool(const struct grow_order *order, struct grow_report *report,
		      const struct deadline *deadline, struct why *why)
{
	_cleanup_close_ int lock = -EBADF;
	int r = lock_device(order->run_dir, report->device.pool, deadline, &lock, why);

	if (r == 0)
		r = thin_pool_status(report->device.pool, &report->pool, why);
	if (r < 0)
		return r;
	report->result = GROW_REFUSED;
	if (order->allows_pool &&
	    !order->allows_pool(report->pool.name, order->allows_pool_context)) {
		report->pool_denied = true;
		return why_set(why, 0, "pool %s may not be used", quote(report->pool.name));
	}
	r = guard_check(&order->marks, order->ledger_dir, &report->pool, &report->device,
			report->plan.device_sectors, 0, why);
	if (r == -ENOSPC)
		return 0;
	report->result = GROW_DONE;
	return r;
}

/* The ledger comes first: if the guest uses the new length, heal has to know it. */
static int extend_locked(const struct grow_order *order, struct grow_report *report,
			 const struct deadline *deadline, struct why *why)
{
	_cleanup_close_ int lock = -EBADF;
	int r = lock_device(order->run_dir, report->device.dev, deadline, &lock, why);

	if (r == 0)
		r = look_again(report, why);
	if (r < 0)
		return r;
	report->from_sectors = report->device.sectors;
	report->plan.device_sectors = wanted_sectors(order, report);
	report->result = GROW_KEPT;
	if (report->plan.device_sectors <= report->device.sectors)
		return 0;
	r = check_pool(order, report, deadline, why);
	if (r < 0 || report->result == GROW_REFUSED || order->dry_run)
		return r;
	r = vm_mark_locked(&report->device, report->plan.device_sectors, order->ledger_dir, why);
	return r < 0 ? r
		     : extend_device(&report->device, report->plan.device_sectors, false, deadline,
				     why);
}

int vm_extend(const struct grow_order *order, struct grow_report *report, struct why *why)
{
	_cleanup_close_ int pin = superblock_open(report->device.dev);
	struct deadline deadline;
	int r = pin < 0 ? pin : deadline_start(&deadline, order->timeout_ms);

	if (r < 0)
		return why_set(why, -r, "device %s: %s", quote(report->device.name), strerror(-r));
	r = extend_locked(order, report, &deadline, why);
	deadline_stop(&deadline);
	if (r == -ETIMEDOUT || r == -EINTR) {
		report->result = GROW_POSTPONED;
		return 0;
	}
	return r;
}
