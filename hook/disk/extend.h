/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A live thin device made longer: the order of device-mapper calls that neither shrinks it nor
 * leaves it suspended, whatever fails and whoever else is at it. The caller holds the device's
 * lock.
 */

#include "base/deadline.h"
#include "base/why.h"
#include "disk/thin.h"

/*
 * Gives *@device a table of at least @sectors, never of less than it has, and reads it again.
 * @freeze: freeze and thaw its filesystem while the tables are swapped. 0; -errno with a reason.
 */
int extend_device(struct thin_device *device, uint64_t sectors, bool freeze,
		  const struct deadline *deadline, struct why *why);

/*
 * Reads *@device again, and again until nobody has it suspended. 0; -ETIMEDOUT, -errno with a
 * reason.
 */
int extend_wait_until_live(struct thin_device *device, const struct deadline *deadline,
			   struct why *why);
