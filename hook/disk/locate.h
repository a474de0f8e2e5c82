/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Finds the thin device under a container's rootfs. */

#include "base/why.h"
#include "disk/rootfs.h"
#include "disk/thin.h"

/*
 * 1: a plain thin device that only this container uses; 0 with a reason: it is not; -errno with a
 * reason. *ret, to be freed in every case, is filled for any device-mapper device.
 */
int locate_thin(const struct rootfs *rootfs, struct thin_device *ret, struct why *why);
