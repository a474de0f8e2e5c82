/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metadata of Docker's devicemapper driver and of its copy in containers/storage (deviceset.go in
 * both). <directory>/metadata/<layer> is JSON with the size of the device when it is next created.
 * The device is called PREFIX-MAJOR:MINOR-INODE-LAYER, with the numbers of <directory>.
 */

#include "engine/container.h"

/*
 * Fills in the device's name and remembered size for @layer. 1; 0: the directory does not exist, or
 * does not know the layer: then there is a name, but no size; -EINVAL with a reason: the same,
 * because its metadata cannot be used; -ENOMEM.
 */
int graph_fill(const char *directory, const char *prefix, const char *layer,
	       struct engine_container *container, struct why *why);
