/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Does a pool have room for a growth, and does its over-commit limit allow it? */

#include "base/why.h"
#include "disk/thin.h"

#include <stdint.h>

/* Above these marks (percent of its blocks) a growth is refused. */
struct pool_marks {
	unsigned int data_percent, metadata_percent;
	/*
	 * Largest sum of the virtual sizes of its devices, in thousandths of its data; 0: no limit.
	 */
	uint64_t overcommit_thousandths;
};

/*
 * May @device in @pool become @sectors long (0: keep its length), and may @cost_blocks of the pool
 * be written? 0; -ENOSPC with the pool's figures: no; other -errno with a reason: unknown.
 *
 * The sum for the over-commit limit includes each thin device of the pool that is active or in the
 * ledger, with the larger of its present length and the ledger's, unless it was removed. A stopped
 * container that was never grown is not included: its length is only in its engine's files.
 */
int guard_check(const struct pool_marks *marks, const char *ledger_dir,
		const struct thin_pool *pool, const struct thin_device *device, uint64_t sectors,
		uint64_t cost_blocks, struct why *why);

/*
 * The pure parts. A pool in trouble is always refused: growing on it hangs, and cannot be killed,
 * for as long as the pool waits for space.
 */
int guard_check_room(const struct thin_pool *pool, const struct pool_marks *marks,
		     uint64_t cost_blocks, struct why *why);
/*
 * -EBUSY: it must wait, because other growths that are running may still write @claimed_blocks. A
 * claim is in effect in full until its growth has ended, although part of it may be written already
 * and so is in the pool's figures, too: near the limit a growth waits longer than it has to.
 */
int guard_check_claims(const struct thin_pool *pool, const struct pool_marks *marks,
		       uint64_t cost_blocks, uint64_t claimed_blocks, struct why *why);
/* May the devices of the pool have @sectors in total, @own_sectors of them the growing device? */
int guard_check_overcommit(const struct thin_pool *pool, const struct pool_marks *marks,
			   uint64_t sectors, uint64_t own_sectors, struct why *why);
