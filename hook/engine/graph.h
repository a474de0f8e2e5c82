/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Docker's devicemapper driver, and the one of containers/storage that came from it
 * (deviceset.go in both):
 *   <directory>/metadata/<layer>: JSON with the size that the device will have the next time
 *   the device is called PREFIX-MAJOR:MINOR-INODE-LAYER, the numbers being those of <directory>
 */

#include "engine/container.h"

/*
 * Device and remembered size of @layer. 1; 0: the directory does not know the layer, or is not
 * there (the device has its name if it is); -EINVAL with a reason: what it says cannot be used,
 * only the device's name is filled in; -ENOMEM.
 */
int graph_fill(const char *directory, const char *prefix, const char *layer,
	       struct engine_container *container, struct why *why);
