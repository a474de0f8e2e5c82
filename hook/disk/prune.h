/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removes the ledger's entries of devices that are gone for good: the pool is there, and the kernel
 * says that it has no such thin id (thin_has()). Nothing else is proof. Engines deactivate the
 * devices of stopped containers; a thin id may be active under another name for a backup; and a
 * name may be lent to another device for a recovery. While an id is in use again by a later device,
 * the old entry stays, and does no harm: it matches no device of another name.
 */

#include "base/why.h"
#include "disk/ledger-entry.h"

#include <stdbool.h>

struct prune_order {
	const char *ledger_dir; /* LEDGER_DIR but in tests */
	bool dry_run;
	/* Called for each entry that is, or would be, removed. */
	void (*tell)(const char *device, void *context);
	void *context;
};

/* 0, or -errno with a reason. Cost grows with the devices of the host: never on a container's way.
 */
int prune_ledger(const struct prune_order *order, struct why *why);

/*
 * Is the device of @entry gone, by that proof? Costs two lines in the kernel's log if it is. Only
 * from ledger_prune(), under whose lock there is one caller at a time, as thin_has() needs it.
 */
bool prune_is_gone(const struct ledger_entry *entry);
