/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/heal.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/extend.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "disk/superblock.h"

#include <string.h>

/* udev may be late: a device that is already gone needs no healing. */
static bool is_gone(int r)
{
	return r == -ENODEV || r == -ENXIO || r == -ENOENT;
}

static int look_once(dev_t dev, const struct heal_order *order, struct heal_report *report,
		     struct why *why)
{
	const struct thin_device *device = &report->device;
	int r;

	/* An earlier look may have found another device, or one that is gone. */
	thin_device_free(&report->device);
	report->intended_sectors = report->want_sectors = 0;
	report->in_vm = false;
	report->source = NULL;
	report->warning.text[0] = '\0';
	r = thin_lookup(dev, &report->device, why);
	if (r < 0 && !is_gone(r))
		return r;
	/* The udev rule matches more than engines' devices. */
	report->result = r < 0 || !order->is_engines(device->name) ||
					 thin_check_plain(device, why) < 0 || device->read_only ||
					 device->deferred_remove
				 ? HEAL_NOT_APPLICABLE
				 : HEAL_KEPT;
	report->from_sectors = device->sectors;
	return 0;
}

/*
 * Looks at the device that has the number @dev, and opens it. Without an open fd the kernel may
 * give the number to another container's device, which would then get this one's table. What was
 * seen before the open may be another device, so the last look comes after it.
 *
 * The engine cannot remove the device while it is open. That takes milliseconds, udev's own rules
 * open each device in the same way, and engines retry: dmsetup --retry (used by containerd) for 5
 * s, Docker and podman for 20 s. A suspended device may take longer and is not kept open meanwhile;
 * opening it does not block, but reading it would, without a deadline.
 */
static int open_live(dev_t dev, const struct heal_order *order, struct heal_report *report,
		     const struct deadline *deadline, int *ret_fd, struct why *why)
{
	_cleanup_close_ int fd = -EBADF;

	for (;;) {
		int r = look_once(dev, order, report, why);

		if (r < 0 || report->result == HEAL_NOT_APPLICABLE)
			return r;
		if (report->device.suspended) {
			cleanup_close(&fd);
			fd = -EBADF;
			if (!deadline_pause(deadline, LOOK_AGAIN_MS))
				return extend_timed_out(&report->device, why);
			continue;
		}
		if (fd >= 0) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
		fd = superblock_open(dev);
		if (is_gone(fd)) {
			report->result = HEAL_NOT_APPLICABLE;
			return 0;
		}
		if (fd < 0)
			return why_set(why, -fd, "device %s: opening it: %s",
				       quote(report->device.name), strerror(-fd));
	}
}

/* The ledger's length; 0 if it has no entry for this very device and filesystem. */
static uint64_t ask_ledger(const struct heal_order *order, struct heal_report *report,
			   const struct superblock *sb)
{
	_cleanup_(thin_device_free) struct thin_device pool = {0};
	const struct thin_device *device = &report->device;
	struct ledger_entry entry;
	struct why why;
	int r = ledger_read(order->ledger_dir, device->name, &entry, &why);

	if (r < 0)
		report->warning = why;
	if (r <= 0 || thin_lookup(device->pool, &pool, &why) < 0 ||
	    !ledger_matches(&entry, device->name, pool.name, device->thin_id, superblock_uuid(sb)))
		return 0;
	report->in_vm = entry.in_vm;
	if (entry.state == LEDGER_INTENDED)
		report->intended_sectors = entry.sectors;
	return entry.sectors;
}

/*
 * How much of @needed, which the superblock says and the ledger does not, is believed? If the
 * device would have to be extended for the rest, report->warning says why it is not.
 */
static uint64_t believed(const struct heal_order *order, struct heal_report *report,
			 const struct superblock *sb, uint64_t needed)
{
	uint64_t trusted = 0;
	struct why reason;

	if (needed <= report->device.sectors)
		return report->in_vm ? 0 : needed;
	if (report->in_vm)
		why_set(&reason, 0, "but the device was given to a virtual machine");
	else if (sb->bytes > order->max_bytes)
		why_set(&reason, 0,
			"more than the configuration allows (%s), and the ledger has no such entry",
			size_format(order->max_bytes));
	else
		trusted = order->trusts
				  ? order->trusts(&report->device, order->trusts_context, &reason)
				  : needed;
	if (trusted >= needed)
		return needed;
	why_set(&report->warning, 0, "its superblock says %s, %s", size_format(sb->bytes),
		reason.text);
	return trusted;
}

static void decide_length(const struct heal_order *order, struct heal_report *report,
			  const struct superblock *sb)
{
	uint64_t ledger = ask_ledger(order, report, sb);
	uint64_t needed = sb->bytes / SECTOR_BYTES + (sb->bytes % SECTOR_BYTES != 0);
	uint64_t from_superblock = needed > ledger ? believed(order, report, sb, needed) : 0;

	report->source = from_superblock > ledger ? "superblock" : "ledger";
	report->want_sectors = from_superblock > ledger ? from_superblock : ledger;
	if (report->want_sectors > report->device.sectors)
		report->result = HEAL_DONE;
}

/*
 * A device that its engine removes by force, as containerd does, gets an "error" target first: then
 * its superblock cannot be read, and nothing is wrong.
 */
static int read_superblock(dev_t dev, int fd, const struct heal_order *order,
			   struct heal_report *report, struct superblock *ret, struct why *why)
{
	int r = superblock_read(fd, ret), looked;

	if (r == 0)
		return 0;
	looked = look_once(dev, order, report, why);
	if (looked < 0 || report->result == HEAL_NOT_APPLICABLE)
		return looked;
	return why_set(why, -r, "device %s: reading its superblock: %s", quote(report->device.name),
		       strerror(-r));
}

/* Looks and decides. Leaves the device open (*ret_fd) unless the result is not applicable. */
static int inspect(dev_t dev, const struct heal_order *order, struct heal_report *report,
		   const struct deadline *deadline, int *ret_fd, struct why *why)
{
	_cleanup_close_ int fd = -EBADF;
	struct superblock sb = {0};
	int r = open_live(dev, order, report, deadline, &fd, why);

	if (r < 0 || report->result == HEAL_NOT_APPLICABLE)
		return r;
	r = read_superblock(dev, fd, order, report, &sb, why);
	if (r < 0 || report->result == HEAL_NOT_APPLICABLE)
		return r;
	decide_length(order, report, &sb);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int heal_locked(dev_t dev, const struct heal_order *order, struct heal_report *report,
		       const struct deadline *deadline, struct why *why)
{
	_cleanup_close_ int lock = -EBADF, fd = -EBADF;
	int r = lock_device(order->run_dir, dev, deadline, &lock, why);

	if (r == 0)
		r = inspect(dev, order, report, deadline, &fd, why);
	if (r < 0 || report->result != HEAL_DONE)
		return r;
	return extend_device(&report->device, report->want_sectors, false, deadline, why);
}

/* Most devices need nothing and take no lock. */
static int heal_in_time(dev_t dev, const struct heal_order *order, struct heal_report *report,
			const struct deadline *deadline, struct why *why)
{
	int fd = -EBADF, r = inspect(dev, order, report, deadline, &fd, why);

	cleanup_close(&fd);
	if (r < 0 || report->result != HEAL_DONE || order->dry_run)
		return r;
	return heal_locked(dev, order, report, deadline, why);
}

int heal_device(dev_t dev, const struct heal_order *order, struct heal_report *report,
		struct why *why)
{
	struct deadline deadline;
	int r;

	*report = (struct heal_report){0};
	r = deadline_start(&deadline, order->timeout_ms);
	if (r < 0)
		return why_set(why, -r, "setting a timer: %s", strerror(-r));
	r = heal_in_time(dev, order, report, &deadline, why);
	deadline_stop(&deadline);
	return r;
}

void heal_report_free(struct heal_report *report)
{
	thin_device_free(&report->device);
}
