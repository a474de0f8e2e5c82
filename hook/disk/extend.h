/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A live thin device made longer: the order of device-mapper calls that neither shrinks it nor
 * leaves it suspended, whatever fails and whoever else is at it. The caller holds the device's
 * lock, and an fd that keeps its number (disk/thin.h).
 */

#include "base/deadline.h"
#include "base/why.h"
#include "disk/thin.h"

/* Looking costs next to nothing; a load that the kernel refuses costs two lines in its log. */
#define LOOK_AGAIN_MS 3

/*
 * Gives *@device a table of at least @sectors, never of less than it has, and reads it again.
 * @freeze: freeze and thaw its filesystem while the tables are swapped. 0; -ESTALE: it has another
 * name or table by now, and is left as it is; -ETIMEDOUT; -errno; with a reason.
 */
int extend_device(struct thin_device *device, uint64_t sectors, bool freeze,
		  const struct deadline *deadline, struct why *why);

/*
 * Reads *@device again, and again until neither it nor its pool is suspended. 0; -ESTALE as above;
 * -ETIMEDOUT, -errno with a reason.
 */
int extend_wait_until_live(struct thin_device *device, const struct deadline *deadline,
			   struct why *why);

/* -ETIMEDOUT with the reason why *@device, which is suspended, was waited for in vain. */
int extend_waited_in_vain(const struct thin_device *device, struct why *why);
