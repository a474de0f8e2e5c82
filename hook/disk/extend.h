/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Makes a thin device longer while it is in use. The order of device-mapper calls guarantees that
 * the device never shrinks and is not left suspended, whichever call fails and whatever other
 * programs do. The caller holds the device's lock and an fd that pins the device number
 * (disk/thin.h).
 */

#include "base/deadline.h"
#include "base/why.h"
#include "disk/thin.h"

/* A lookup is cheap; a table that the kernel refuses costs two lines in the kernel log. */
#define LOOK_AGAIN_MS 3

/*
 * Extends *@device to at least @sectors, never below its present length, and reads it again.
 * @freeze: freeze and thaw the filesystem while the tables are swapped. 0; -ESTALE: the device has
 * another name or table now and was not touched; -ETIMEDOUT; -errno; with a reason.
 */
int extend_device(struct thin_device *device, uint64_t sectors, bool freeze,
		  const struct deadline *deadline, struct why *why);

/*
 * Reads *@device until neither it nor its pool is suspended. 0; -ESTALE as above; -ETIMEDOUT or
 * -errno, with a reason.
 */
int extend_wait_until_live(struct thin_device *device, const struct deadline *deadline,
			   struct why *why);

/* Returns -ETIMEDOUT, with the reason why *@device is still suspended. */
int extend_timed_out(const struct thin_device *device, struct why *why);
