/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Extends the device of a container whose filesystem must not be mounted here, because a guest may
 * have written it: the device alone grows, and only the guest can grow the filesystem. Never below
 * what the ledger says.
 */

#include "disk/grow.h"

/*
 * For a device that no virtual machine has open yet. Like grow_rootfs(); report->device is what was
 * looked up, and the results are GROW_KEPT, GROW_DONE and GROW_REFUSED, GROW_POSTPONED with a
 * reason.
 */
int vm_extend(const struct grow_order *order, struct grow_report *report, struct why *why);
