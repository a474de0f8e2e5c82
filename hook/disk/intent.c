/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/intent.h"

#include "base/quote.h"
#include "disk/ledger.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/*
 * The ledger's entry for the device in @report. 1; 0: none, or a damaged one, which is only a
 * warning.
 */
static int read_entry(const struct grow_order *order, struct grow_report *report,
		      struct ledger_entry *ret)
{
	const struct thin_device *device = &report->device;
	struct why why;
	int r = ledger_read(order->ledger_dir, device->name, ret, &why);

	if (r < 0)
		report->warning = why;
	return r > 0 && ret->thin_id == device->thin_id &&
	       memcmp(ret->fs_uuid, report->fs.uuid, sizeof(ret->fs_uuid)) == 0;
}

/* ext4's mount count is 16 bits and wraps. */
static bool is_remounted_cleanly(const struct ledger_entry *entry, const struct growfs *fs)
{
	return (uint16_t)(fs->mount_count - entry->mount_count) >= 2;
}

/*
 * Linux hits a BUG (fs/ext4/resize.c; seen on 6.1 and 6.12) when ext4 grows on the very mount whose
 * journal replay finished an interrupted resize. A growth that paused leaves no such journal.
 */
static int check_replay(const struct ledger_entry *entry, const struct grow_report *report,
			struct why *why)
{
	if (report->fs.type != FS_EXT4 || is_remounted_cleanly(entry, &report->fs) ||
	    !ledger_is_cut_short(entry))
		return 0;
	return why_set(why, EBUSY,
		       "a growth of device %s was cut short by a crash, and ext4 must be unmounted "
		       "and mounted once more before the next: stop and start the container",
		       quote(report->device.name));
}

int intent_check_last(const struct grow_order *order, struct grow_report *report, struct why *why)
{
	struct ledger_entry entry;

	return read_entry(order, report, &entry) > 0 ? check_replay(&entry, report, why) : 0;
}

bool intent_is_reached(const struct ledger_entry *entry, const struct grow_report *report)
{
	struct plan rest =
		plan_make(entry->sectors * SECTOR_BYTES, report->device.sectors, &report->fs);

	return plan_is_empty(&rest);
}

bool intent_is_unfinished(const struct grow_order *order, struct grow_report *report)
{
	struct ledger_entry entry;
	struct why ignored;

	return read_entry(order, report, &entry) > 0 && entry.state == LEDGER_INTENDED &&
	       intent_is_reached(&entry, report) && check_replay(&entry, report, &ignored) == 0;
}

bool intent_is_put_off(const struct grow_order *order, struct grow_report *report)
{
	const struct plan *plan = &report->plan;
	struct ledger_entry entry;

	return plan_is_limited(plan) && !plan->device_sectors && !plan->fs_now_bytes &&
	       read_entry(order, report, &entry) > 0 && entry.state == LEDGER_INTENDED &&
	       entry.sectors >= report->device.sectors;
}

/* Who grew it, when, and its length before: only shown to people. */
static void note_origin(const struct grow_order *order, const struct grow_report *report,
			const struct ledger_entry *old, struct ledger_entry *entry)
{
	bool goes_on = old && (!order->source || plan_is_empty(&report->plan));

	entry->first_sectors = old ? old->first_sectors : report->from_sectors;
	if (goes_on || order->source)
		ledger_set_source(entry, goes_on ? old->source : order->source);
	entry->time = goes_on ? old->time : (uint64_t)time(NULL);
}

int intent_note(const struct grow_order *order, struct grow_report *report,
		struct ledger_entry *ret, struct why *why)
{
	struct ledger_entry old,
		entry = {
			.thin_id = report->device.thin_id,
			.sectors = report->plan.device_sectors ? report->plan.device_sectors
							       : report->device.sectors,
			.state = LEDGER_INTENDED,
			.mount_count = report->fs.mount_count,
		};
	int r = ledger_boot_id(entry.boot_id);
	bool known;

	if (r < 0)
		return why_set(why, -r, "reading the boot id: %s", strerror(-r));
	snprintf(entry.device, sizeof(entry.device), "%s", report->device.name);
	snprintf(entry.pool, sizeof(entry.pool), "%s", report->pool.name);
	memcpy(entry.fs_uuid, report->fs.uuid, sizeof(entry.fs_uuid));
	known = read_entry(order, report, &old) > 0;
	if (known && entry.sectors < old.sectors)
		entry.sectors = old.sectors;
	note_origin(order, report, known ? &old : NULL, &entry);
	r = ledger_write(order->ledger_dir, &entry, why);
	if (r == 0)
		*ret = entry;
	return r;
}

void intent_pause(const struct grow_order *order, struct grow_report *report,
		  struct ledger_entry *entry)
{
	entry->paused_sectors = report->fs.bytes / SECTOR_BYTES;
	ledger_write(order->ledger_dir, entry, &report->warning);
}

void intent_done(const struct grow_order *order, struct grow_report *report,
		 struct ledger_entry *entry)
{
	entry->state = LEDGER_DONE;
	ledger_write(order->ledger_dir, entry, &report->warning);
}
