/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The mark of a device that was given to a virtual machine: `vm=1` in its ledger entry. From then
 * on a guest may write anything to it, so its filesystem is never mounted by us, its superblock is
 * not believed when it is re-created, and only the guest can grow the filesystem.
 */

#include "base/why.h"
#include "disk/thin.h"

#include <stdbool.h>
#include <stdint.h>

struct vm_mark_order {
	const char *run_dir, *ledger_dir; /* RUN_DIR and LEDGER_DIR, except in tests */
	uint64_t timeout_ms;		  /* how long to wait for the device's lock */
};

/*
 * Marks @device durably. Call it after a growth is done and the mount is closed, and before a
 * virtual machine can see the device: a growth by a mount that was cut short has no mark, and the
 * next start finishes it. Keeps the notes of an existing entry; the required length becomes the
 * larger of the entry's and the device's. 0; -ESTALE: another device has its number now;
 * -ETIMEDOUT; -errno; with a reason.
 */
int vm_mark(const struct thin_device *device, const struct vm_mark_order *order, struct why *why);

/*
 * The same for one who holds the device's lock, before it gets @sectors: a virtual machine that is
 * started whatever happens next may use them.
 */
int vm_mark_locked(const struct thin_device *device, uint64_t sectors, const char *ledger_dir,
		   struct why *why);

/*
 * Is @device marked? 1; 0; -errno with a reason: its entry cannot be read, or is damaged.
 */
int vm_mark_read(const struct thin_device *device, const char *ledger_dir, struct why *why);

/*
 * May a device of this name be marked, whatever its pool and thin id? For devices that are not
 * active. Also true if the entry cannot be read, or the name is NULL, as it is not known.
 */
bool vm_mark_is_possible(const char *device_name, const char *ledger_dir);
