/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/vm-mark.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/minmax.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/ledger.h"
#include "disk/lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool vm_mark_is_possible(const char *device_name, const char *ledger_dir)
{
	struct ledger_entry entry;
	struct why unread;
	int r = device_name ? ledger_read(ledger_dir, device_name, &entry, &unread) : -ENODATA;

	return r < 0 || (r > 0 && entry.in_vm);
}

/* 1; 0: it is of an earlier device of that name. */
static int is_of(const struct ledger_entry *entry, const struct thin_device *device,
		 struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device pool = {0};
	int r = thin_lookup(device->pool, &pool, why);

	if (r < 0)
		return why_prefix(why, r, "its pool");
	return ledger_matches(entry, device->name, pool.name, device->thin_id, NULL);
}

int vm_mark_read(const struct thin_device *device, const char *ledger_dir, struct why *why)
{
	struct ledger_entry entry;
	int r = ledger_read(ledger_dir, device->name, &entry, why);

	if (r <= 0 || !entry.in_vm)
		return r < 0 ? r : 0;
	return is_of(&entry, device, why);
}

/* The UUID stays empty: it is not compared for such a device. */
static int new_entry(const struct thin_device *device, struct ledger_entry *ret, struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device pool = {0};
	struct ledger_entry entry = {.thin_id = device->thin_id};
	int r = thin_lookup(device->pool, &pool, why);

	if (r < 0)
		return why_prefix(why, r, "its pool");
	r = ledger_boot_id(entry.boot_id);
	if (r < 0)
		return why_set(why, -r, "reading the boot id: %s", strerror(-r));
	snprintf(entry.device, sizeof(entry.device), "%s", device->name);
	snprintf(entry.pool, sizeof(entry.pool), "%s", pool.name);
	*ret = entry;
	return 0;
}

int vm_mark_locked(const struct thin_device *device, uint64_t sectors, const char *ledger_dir,
		   struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device now = {0};
	struct ledger_entry entry = {0};
	int r = thin_lookup(device->dev, &now, why);

	if (r == 0 && !thin_is_same(device, &now))
		return why_set(why, ESTALE, "another device has its number now");
	if (r == 0)
		r = ledger_read(ledger_dir, now.name, &entry, why);
	if (r > 0)
		r = is_of(&entry, &now, why);
	if (r == 0)
		r = new_entry(&now, &entry, why);
	if (r < 0)
		return r;
	entry.sectors = larger(entry.sectors, larger(now.sectors, sectors));
	/* What is left to do on the filesystem is the guest's. */
	entry.state = LEDGER_DONE;
	entry.paused_sectors = 0;
	entry.in_vm = true;
	return ledger_write(ledger_dir, &entry, why);
}

int vm_mark(const struct thin_device *device, const struct vm_mark_order *order, struct why *why)
{
	_cleanup_close_ int lock = -EBADF;
	struct deadline deadline;
	int r = deadline_start(&deadline, order->timeout_ms);

	if (r < 0)
		return why_set(why, -r, "setting a timer: %s", strerror(-r));
	r = lock_device(order->run_dir, device->dev, &deadline, &lock, why);
	if (r == 0)
		r = vm_mark_locked(device, 0, order->ledger_dir, why);
	deadline_stop(&deadline);
	if (r < 0)
		why_prefix(why, r,
			   text("device %s cannot be marked as given to a virtual machine",
				quote(device->name)));
	return r;
}
