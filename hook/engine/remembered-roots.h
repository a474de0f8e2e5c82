/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * containerd's root directories that were seen, other than the usual ones (engine/container.h).
 * When the host boots, containerd activates its devices before it opens its meta.db, so no process
 * shows them then (engine/roots.h); and a configuration that names them may be broken.
 *
 * One symbolic link each in ROOTS_DIR: named after its target, with '%' and '/' as "%25" and "%2F".
 * They are trusted only if the directory belongs to root or us and nobody else can write to it.
 * Never removed: a directory that is gone is ignored.
 */

#include "engine/roots.h"

#define ROOTS_DIR "/var/lib/oci-thin-grow/roots"

/*
 * Remembers @root durably, if containerd or its devmapper snapshotter has its databases there.
 * @dir is ROOTS_DIR, except in tests. Costs one system call if @root is remembered already, none if
 * it is a usual one. 0 or -errno.
 */
int remembered_roots_note(const char *dir, const char *root);

/* Adds those that are remembered. 0 or -ENOMEM. */
int remembered_roots_add(const char *dir, struct engine_root_set *set);
