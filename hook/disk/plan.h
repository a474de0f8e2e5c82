/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The decision, pure: what has to be done to get from the present sizes to the wanted one. Device
 * and filesystem are planned apart, because either may already be long enough: after a killed run,
 * or after the engine's base size was raised.
 */

#include "base/why.h"
#include "disk/growfs.h"

#include <stdint.h>

struct plan {
	uint64_t device_sectors; /* grow the device to this; 0: it is long enough */
	uint64_t fs_bytes;	 /* grow the filesystem to this; 0: it is large enough */
	uint64_t fs_now_bytes;	 /* to this now, and further in a later run; 0: not now */
};

/*
 * @want_bytes is the least length of the device; it is rounded up to the filesystem's block. A
 * filesystem that has to grow always grows to the end of its device.
 */
struct plan plan_make(uint64_t want_bytes, uint64_t device_sectors, const struct growfs *fs);

/*
 * Puts off what @fs would grow beyond @limit_bytes (0: no limit), unless it does not take long
 * anyway.
 */
void plan_limit(struct plan *plan, uint64_t limit_bytes, const struct growfs *fs);

/* Is some of it put off? */
bool plan_is_limited(const struct plan *plan);

/* Is there anything to do, now or later? */
bool plan_is_empty(const struct plan *plan);

/* Can this filesystem carry out @plan? 0, or -EPERM with a reason. */
int plan_check_fs(const struct plan *plan, const struct growfs *fs, struct why *why);
