/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is written about one of containerd's containers: in its record, which is the bucket
 * v1/<namespace>/containers/<id> of meta.db (metadata/containers.go, metadata/boltutil), and in
 * annotations of the CRI plugin and nerdctl.
 */

#include "engine/snapshots.h"

/*
 * Image, labels and the names in them, device and remembered size, and the spec if there is no
 * bundle. @root is the number of the root whose meta.db @bucket is in. 0, -ENOMEM; @walk is told
 * what cannot be understood.
 */
int record_fill(const struct engine_walk *walk, const struct snapshots *snapshots, size_t root,
		const char *ns, const struct bolt_bucket *bucket,
		struct engine_container *container);

/* Name, image and the pod's namespace, as annotations say; what is known already stays. */
void record_describe(const struct json *annotations, struct engine_container *container);
