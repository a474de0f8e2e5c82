/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What containerd's databases tell about containers and their devices (metadata/buckets.go,
 * metadata/snapshot.go, snapshots/storage/bolt.go and snapshots/devmapper in its source):
 *
 *   <root>/io.containerd.metadata.v1.bolt/meta.db
 *     v1/<namespace>/containers/<id>: image, snapshotter, snapshotKey, labels/, spec, ...
 *     v1/<namespace>/snapshots/devmapper/<key>: name
 *   <root of the snapshotter>/metadata.db
 *     v1/snapshots/<name>: id, a varint
 *   <root of the snapshotter>/<pool>.db
 *     devices/<pool>-snap-<id>: JSON with the size
 *
 * The snapshotter's root is a root itself, or <root>/io.containerd.snapshotter.v1.devmapper.
 */

#include "engine/container.h"
#include "engine/database.h"

struct snapshot_store {
	struct database *index;	 /* metadata.db; NULL: no such store */
	struct database **pools; /* <pool>.db: one, but where the pool was renamed */
	size_t n_pools;
};

struct snapshots {
	size_t n;		       /* of the roots */
	struct database **metas;       /* one for each root; NULL where there is none */
	struct snapshot_store *stores; /* two for each root */
};

/* Reads all of them below the roots. 0 or -ENOMEM; @walk is told what cannot be read. */
int snapshots_open(const struct engine_walk *walk, struct snapshots **ret);
void snapshots_free(struct snapshots *snapshots);

/*
 * Device and remembered size of the snapshot @key of the namespace @ns, as the meta.db of the root
 * number @root has it. What cannot be found or read, or is ambiguous, is left out. 1: filled, 0, or
 * -ENOMEM.
 */
int snapshots_fill(const struct snapshots *snapshots, size_t root, const char *ns, const char *key,
		   struct engine_container *container);
