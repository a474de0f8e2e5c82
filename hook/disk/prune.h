/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removes the ledger's entries of devices that are gone for good. That a device is not active says
 * nothing: engines deactivate devices of stopped containers. It is gone if its pool is there and
 *   - the name now belongs to a device with another thin id, or in another pool, or
 *   - its thin id now belongs to an active device of another name, or
 *   - the pool has no such thin id (thin_has()).
 * Whatever cannot be told leaves the entry where it is.
 */

#include "base/why.h"

#include <stdbool.h>

struct prune_order {
	const char *ledger_dir; /* LEDGER_DIR but in tests */
	bool dry_run;
	void (*tell)(const char *device,
		     void *context); /* of each entry that is, or would be, removed */
	void *context;
};

/* 0, or -errno with a reason. Cost grows with the devices of the host: never on a container's way.
 */
int prune_ledger(const struct prune_order *order, struct why *why);
