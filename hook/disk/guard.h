/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* May a pool be burdened with a growth: is there room, and may it promise so much? */

#include "base/why.h"
#include "disk/thin.h"

#include <stdint.h>

/* Full to this mark, a pool gives no more (percent of its blocks). */
struct pool_marks {
	unsigned int data_percent, metadata_percent;
	/* Largest sum of the lengths of its devices, in thousandths of its data; 0: no limit. */
	uint64_t overcommit_thousandths;
};

/*
 * May @device of @pool become @sectors long (0: it stays as it is), and @cost_blocks of the pool be
 * written? 0; -ENOSPC with the pool's figures: no; other -errno with a reason: it cannot be told.
 *
 * Counted as promised is each thin device of the pool that is active, or that the ledger knows,
 * with the larger of its present length and the ledger's, and that was not removed since. A device
 * that is neither (a container that was never grown, and is stopped) is not seen: its length is in
 * its engine's files only.
 */
int guard_check(const struct pool_marks *marks, const char *ledger_dir,
		const struct thin_pool *pool, const struct thin_device *device, uint64_t sectors,
		uint64_t cost_blocks, struct why *why);

/*
 * The parts of it that are pure. A pool in trouble always says no: growing on one hangs,
 * unkillably, for as long as the pool waits for space.
 */
int guard_check_room(const struct thin_pool *pool, const struct pool_marks *marks,
		     uint64_t cost_blocks, struct why *why);
/* May all devices of the pool together be @sectors long? */
int guard_check_overcommit(const struct thin_pool *pool, const struct pool_marks *marks,
			   uint64_t sectors, struct why *why);
