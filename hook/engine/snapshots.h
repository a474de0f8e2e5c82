/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads containers and their devices from containerd's databases (metadata/buckets.go,
 * metadata/snapshot.go, snapshots/storage/bolt.go and snapshots/devmapper in its source):
 *
 *   <root>/io.containerd.metadata.v1.bolt/meta.db
 *     v1/<namespace>/containers/<id>: image, snapshotter, snapshotKey, labels/, spec, ...
 *     v1/<namespace>/snapshots/devmapper/<key>: name, parent
 *   <root of the snapshotter>/metadata.db
 *     v1/snapshots/<name>: id, a varint
 *   <root of the snapshotter>/<pool>.db
 *     devices/<pool>-snap-<id>: JSON with the size and the thin id
 *
 * The snapshotter's root is a root itself, or <root>/io.containerd.snapshotter.v1.devmapper.
 */

#include "engine/container.h"
#include "engine/database.h"

struct snapshot_store {
	struct database *index;	 /* metadata.db; NULL: there is none */
	struct database **pools; /* <pool>.db: one, or more if the pool was renamed */
	size_t n_pools;
};

struct snapshots {
	size_t n;		       /* number of roots */
	struct database **metas;       /* one per root; NULL if it has none */
	struct snapshot_store *stores; /* two per root */
};

/*
 * Reads all databases below the roots. 0 or -ENOMEM; calls @walk's complain for those that cannot
 * be read.
 */
int snapshots_open(const struct engine_walk *walk, struct snapshots **ret);
void snapshots_free(struct snapshots *snapshots);

struct snapshot {
	char *device;	     /* device-mapper name; NULL: not known */
	int64_t thin_id;     /* as the snapshotter has it; -1: not known */
	uint64_t remembered; /* bytes that the device gets when it is activated; 0: not known */
	char *parent;	     /* the key of the snapshot it was made from; NULL: none */
};

/*
 * The snapshot @key in the namespace @ns, according to the meta.db of root number @root. 1 and
 * *ret, to be freed; 0: there is none; -ENOMEM.
 */
int snapshots_find(const struct snapshots *snapshots, size_t root, const char *ns, const char *key,
		   struct snapshot *ret);
void snapshot_free(struct snapshot *snapshot);

/*
 * Device and remembered size of the snapshot @key in the namespace @ns, according to the meta.db of
 * root number @root. Leaves out what is missing, unreadable or ambiguous. 1: filled, 0, or -ENOMEM.
 */
int snapshots_fill(const struct snapshots *snapshots, size_t root, const char *ns, const char *key,
		   struct engine_container *container);
