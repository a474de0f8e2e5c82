/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reaches the filesystem on a thin device that is mounted nowhere and that only this host has
 * written: with a mount that is attached to no directory, so that no mount table shows it and it
 * ends with its last descriptor, also by SIGKILL. grow_rootfs() takes the result like any other.
 *
 * The caller knows that the device is fresh: a device that a guest had may have any superblock, and
 * mounting it would hand that to the host's kernel. Only the mark of disk/vm-mark.h is checked
 * here.
 */

#include "base/deadline.h"
#include "base/why.h"
#include "disk/rootfs.h"
#include "disk/thin.h"

/*
 * Opens the rootfs on @device. 0, and *ret to be closed; -EPERM: it was given to a virtual machine;
 * -EBUSY: it is in use: mounted or open somewhere; -EINVAL: not a plain thin device; -EROFS;
 * -ESTALE: another device has its number now; -ENOTSUP: growing its filesystem is not supported, or
 * the kernel is older than Linux 5.2; -errno; with a reason. Waits a moment for udev, which opens
 * new devices.
 *
 * After a crash during a growth it mounts it twice: ext4 does not grow on the mount that replays
 * the journal (disk/intent.h).
 */
int fresh_open(const struct thin_device *device, const char *ledger_dir, struct rootfs *ret,
	       struct why *why);

/*
 * After rootfs_close(): waits until nobody has @device open. 0; -EBUSY: it is open; -ESTALE: it
 * is gone, or another device has its number now; -errno; with a reason.
 */
int fresh_wait_closed(const struct thin_device *device, const struct deadline *deadline,
		      struct why *why);
