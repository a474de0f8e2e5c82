/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metadata of Docker's devicemapper driver and of its copy in containers/storage (deviceset.go in
 * both): <directory>/metadata/<layer>: JSON with the size of the device when it is next created the
 * device is PREFIX-MAJOR:MINOR-INODE-LAYER, with the numbers of <directory>
 */

#include "engine/container.h"

/*
 * Device and remembered size of @layer. 1; 0: the directory does not know the layer, or does not
 * exist (the device has its name if it exists); -EINVAL with a reason: its metadata cannot be used,
 * only the device's name is set; -ENOMEM.
 */
int graph_fill(const char *directory, const char *prefix, const char *layer,
	       struct engine_container *container, struct why *why);
