/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who may have written a device of containerd's snapshotter: whose it is, and which snapshots it
 * was made from, according to the databases (engine/snapshots.h).
 *
 * A device that is activated for the first time is in <pool>.db already, with its parent's name;
 * but it is not in metadata.db and has no container yet: containerd creates the device inside the
 * transaction that adds the snapshot, before the container (snapshots/devmapper/snapshotter.go,
 * metadata/snapshot.go). So parents are followed in <pool>.db.
 */

#include "base/why.h"
#include "engine/container.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct provenance_snapshot {
	char *device;
	int64_t thin_id;
	char *name;	/* of its snapshot in the snapshotter; NULL: it has none (yet) */
	char *ns, *key; /* as its client knows it; NULL with @name */
};

struct provenance {
	struct provenance_snapshot self;
	bool has_owner_db;  /* a meta.db has the snapshot; without self.key: false */
	bool has_container; /* that uses the snapshot */
	char *runtime;	    /* of one that is not known to mount its rootfs on the host; or NULL */
	struct provenance_snapshot *parents; /* the nearest first */
	size_t n_parents;
};

/*
 * The device @device of the snapshotter that gave it the thin id @thin_id, in the databases below
 * @roots. 1 and *ret, to be freed; 0: no database has it; -EAGAIN: that, or its container, is not
 * known, as a database cannot be read; -errno; with a reason that names the file.
 */
int provenance_read(const struct engine_roots *roots, const char *device, int64_t thin_id,
		    struct provenance *ret, struct why *why);
void provenance_free(struct provenance *provenance);

/*
 * Is it a layer of an image, which the host has unpacked? The unpacker names a layer's snapshot
 * after the layer's contents (image/identity.ChainID). A committed container has another
 * name, and may be a guest's disk.
 */
bool provenance_is_image_layer(const char *key);
