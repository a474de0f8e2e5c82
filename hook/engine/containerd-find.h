/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One container of containerd's, found by its id, with all that its databases
 * (engine/snapshots.h) say of its disk. Nothing is left out silently: what cannot be read is an
 * error, and a database that is being written is read again.
 */

#include "base/why.h"
#include "engine/container.h"

#include <stdbool.h>
#include <stddef.h>

struct containerd_parent {
	char *key;    /* an image's layer is "sha256:...", as containerd unpacks it */
	char *device; /* NULL: not known */
};

struct containerd_record {
	char *runtime;	 /* the recorded name, such as "io.containerd.kata.v2"; NULL: none */
	char *key;	 /* of its snapshot in the devmapper snapshotter; NULL: it has none there */
	char *device;	 /* dm name, "POOL-snap-ID"; NULL with @key, or if it is not known */
	int64_t thin_id; /* of that device, according to the snapshotter; -1: not known */
	struct containerd_parent *parents; /* of the snapshot, the nearest first */
	size_t n_parents;
};

/*
 * The container @id in containerd's namespace @ns, in the databases below @roots. 1 and *ret, to be
 * freed; 0: there is none; -EAGAIN: not found completely, and a database cannot be read; -errno;
 * with a reason.
 */
int containerd_find(const struct engine_roots *roots, const char *ns, const char *id,
		    struct containerd_record *ret, struct why *why);
void containerd_record_free(struct containerd_record *record);

/*
 * The root directory of the containerd that made the @bundle of the container @id in the namespace
 * @ns, according to the link "work" in it; to be freed. NULL: it has no such link.
 */
char *containerd_root_of_bundle(const char *bundle, const char *ns, const char *id);

/*
 * Does the containerd whose root is @root have a container @id, or a snapshot of this name in the
 * devmapper snapshotter, which a container can leave behind for another one? 1; 0; -errno with a
 * reason: that is not known, as its database is missing or cannot be read.
 */
int containerd_has(const char *root, const char *ns, const char *id, struct why *why);

/*
 * Does this runtime (a recorded name, or the path of a shim) mount the rootfs on the host, as runc
 * and gVisor do? Others may hand the device to a virtual machine.
 */
bool containerd_runtime_mounts(const char *runtime);
