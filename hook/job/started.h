/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Notes of containers that were started with our shim and without a mark in the ledger: from then
 * on a guest may have written their disks (job/fresh-proof.h). A note is a symbolic link in
 * STARTED_DIR, "NAMESPACE:ID", whose target is the root directory of its containerd.
 *
 * The note of a container that has a request is durable, as its next start would grow it. That of
 * any other must not delay it: one system call without fsync, and none for containers of CRI, which
 * starts each once. Two starts leave no trace: one within seconds before a power cut, and one of
 * CRI's that a restart of containerd interrupted (internal/cri/server/restart.go). A container that
 * gets a size for the first time after that, from a changed configuration, is taken for fresh.
 * Where STARTED_DIR cannot be written, the note is in /run, and lost at the next boot.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdbool.h>
#include <stddef.h>

#define STARTED_DIR "/var/lib/oci-thin-grow/started"

struct started_dirs {
	const char *dir, *until_boot;
};

extern const struct started_dirs started_dirs; /* for all but tests */

/*
 * Is it a container or sandbox of CRI's? Its annotations alone do not prove that: outside of CRI's
 * namespace they may be a tenant's.
 */
bool started_by_cri(const char *ns, const struct json *const annotations[], size_t n);

/*
 * Notes that the container was started; with @durable it is on disk on return. @root: of its
 * containerd. 0, also if it was noted before; -EINVAL: these are no identifiers of containerd's;
 * -errno: it is noted until the next boot, if at all; with a reason.
 */
int started_note(const struct started_dirs *dirs, const char *ns, const char *id, const char *root,
		 bool durable, struct why *why);

/* Was it started before? 1; 0; -errno with a reason. */
int started_read(const struct started_dirs *dirs, const char *ns, const char *id, struct why *why);

/* Is there such a container, or its disk? As containerd_has(), which it is except in tests. */
typedef int started_has(const char *root, const char *ns, const char *id, struct why *why);

/*
 * Removes the notes of containers that are gone with their disks: their containerd's database is
 * there and does not have them. 0 or -errno with a reason.
 */
int started_prune(const struct started_dirs *dirs, started_has *has, struct why *why);
