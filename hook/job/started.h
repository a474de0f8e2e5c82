/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Notes of containers that were started with our shim and without a mark in the ledger: from then
 * on a guest may have written their disks (job/fresh-proof.h). A note is a symbolic link in
 * STARTED_DIR, "NAMESPACE:ID", whose target is the root directory of its containerd. It is written
 * without fsync: one system call, and nothing to wait for. Containers of pods need none, as CRI
 * starts each once.
 */

#include "base/why.h"

#define STARTED_DIR "/var/lib/oci-thin-grow/started"

/*
 * Notes that the container was started. @dir is STARTED_DIR, except in tests; @root: of its
 * containerd. 0, also if it was noted before; -EINVAL: these are no identifiers of containerd's;
 * -errno; with a reason.
 */
int started_note(const char *dir, const char *ns, const char *id, const char *root,
		 struct why *why);

/* Was it started before? 1; 0; -errno with a reason. */
int started_read(const char *dir, const char *ns, const char *id, struct why *why);

/* Is there such a container? As containerd_has(), which it is except in tests. */
typedef int started_has(const char *root, const char *ns, const char *id, struct why *why);

/*
 * Removes the notes of containers that are gone: their containerd's database is there and does not
 * have them. 0 or -errno with a reason.
 */
int started_prune(const char *dir, started_has *has, struct why *why);
