/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much has a pool promised? Counted is each thin device of it that is active, or that the
 * ledger knows, with the larger of its present length and the ledger's. A device that is neither
 * (a container that was never grown, and is stopped) is not seen: its length is in its engine's
 * files only.
 */

#include "base/why.h"
#include "disk/thin.h"

#include <stdint.h>

/* *ret_sectors: of all devices of @device's pool but itself. 0 or -errno with a reason. */
int commitment_of_others(const char *ledger_dir, const char *pool_name,
			 const struct thin_device *device, uint64_t *ret_sectors, struct why *why);
