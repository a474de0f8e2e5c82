/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The decision, pure: from what is there and what is wanted to what is to be done. Device and
 * filesystem are planned apart, because either may already be long enough: after a killed run, or
 * after the engine's base size was raised.
 */

#include "base/why.h"
#include "disk/growfs.h"
#include "disk/thin.h"

#include <stdint.h>

struct plan {
	uint64_t device_sectors; /* grow the device to this; 0: it is long enough */
	uint64_t fs_bytes;	 /* grow the filesystem to this; 0: it is large enough */
};

/* Full to this mark, a pool gives no more (percent of its blocks). */
struct pool_marks {
	unsigned int data_percent, metadata_percent;
	/* Largest sum of the lengths of its devices, in thousandths of its data; 0: no limit. */
	uint64_t overcommit_thousandths;
};

/*
 * @want_bytes is the length that the device must have at least; it is rounded up to the
 * filesystem's block. A filesystem that is grown always gets all of its device.
 */
struct plan plan_make(uint64_t want_bytes, uint64_t device_sectors, const struct growfs *fs);

/* Is there anything to do? */
bool plan_is_empty(const struct plan *plan);

/* Can this filesystem do what @plan says? 0, or -EPERM with a reason. */
int plan_check_fs(const struct plan *plan, const struct growfs *fs, struct why *why);

/*
 * May the pool be burdened with @cost_bytes more? 0, or -ENOSPC with the pool's figures. A pool in
 * trouble always says no: growing on one hangs, unkillably, for as long as the pool waits for
 * space.
 */
int plan_check_pool(const struct thin_pool *pool, const struct pool_marks *marks,
		    uint64_t cost_bytes, struct why *why);

/*
 * May all devices of the pool together be @sectors long? 0, or -ENOSPC with the pool's figures.
 */
int plan_check_overcommit(const struct thin_pool *pool, const struct pool_marks *marks,
			  uint64_t sectors, struct why *why);
