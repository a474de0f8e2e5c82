/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads what containerd stores about a container: its record, which is the bucket
 * v1/<namespace>/containers/<id> of meta.db (metadata/containers.go, metadata/boltutil), and the
 * annotations of the CRI plugin and nerdctl.
 */

#include "engine/snapshots.h"

/*
 * Fills in image, runtime, labels and the names in them, device and remembered size, and the spec
 * if there is no bundle. @root is the number of the root whose meta.db @bucket is in. 0, -ENOMEM;
 * calls @walk's complain for what cannot be understood.
 */
int record_fill(const struct engine_walk *walk, const struct snapshots *snapshots, size_t root,
		const char *ns, const struct bolt_bucket *bucket,
		struct engine_container *container);

/* Fills in name, image and the pod's namespace from the annotations, unless already known. */
void record_describe(const struct json *annotations, struct engine_container *container);
