/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removes the ledger's entries of devices that are gone for good. The only proof is that the pool
 * is there and the kernel says that it has no such thin id (thin_has()). A missing device is no
 * proof: engines deactivate the devices of stopped containers, a thin id may be active under
 * another name for a backup, and a name may be borrowed for another device during a recovery. While
 * a later device uses the same id, the old entry stays; harmless, as it matches no device of
 * another name.
 */

#include "base/why.h"
#include "disk/ledger-entry.h"

#include <stdbool.h>

struct prune_order {
	const char *ledger_dir; /* LEDGER_DIR, except in tests */
	bool dry_run;
	/* Called for each entry that is, or in a dry run would be, removed. */
	void (*report)(const char *device, void *context);
	void *context;
};

/*
 * 0, or -errno with a reason. Slow on hosts with many devices: never called while a container
 * starts.
 */
int prune_ledger(const struct prune_order *order, struct why *why);

/*
 * Is the device of @entry gone, by that proof? If it is, the kernel logs two lines. Called only
 * from ledger_prune(), whose lock admits one caller at a time, as thin_has() requires.
 */
bool prune_is_gone(const struct ledger_entry *entry);
