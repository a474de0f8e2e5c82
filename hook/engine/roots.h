/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The directories in which operators' commands look for containers (engine/container.h): data
 * roots, which survive a reboot, and state roots, which do not. Their contents show whose they are.
 * The usual ones:
 *
 * - /var/lib/docker: Docker
 * - /var/lib/containerd and /var/lib/docker/containerd/daemon: databases of containerd, and of
 *   Docker's own
 * - /run/containerd and /run/docker/containerd/daemon: their tasks
 * - /var/lib/containers/storage and /run/containers/storage: podman, CRI-O
 * - /run/runc and /run/crun: runtimes without an engine
 *
 * Engines that were configured to use other directories are found by their processes:
 *   dockerd          has <data-root>/volumes/metadata.db or network/files/local-kv.db open
 *   containerd       has <root>/io.containerd.metadata.v1.bolt/meta.db open, and the devmapper
 *                    snapshotter's <root_path>/metadata.db; while it starts, only <pool>.db there
 *   containerd-shim  its working directory is <state>/io.containerd.runtime.v2.task/...
 *   conmon           names files in <root>/devicemapper-containers/ on its command line, and in the
 *                    run root's
 * Their options are not read, as these may come from many files. Runtimes without an engine leave
 * no process that shows their --root.
 */

#include "engine/container.h"

extern const struct engine_roots engine_default_roots;

struct engine_root_set {
	struct engine_roots roots;
	char **dirs; /* the same, to be freed */
};

/*
 * Adds @dir if it is a directory that was not added before, by this or another name. 0 or -ENOMEM.
 */
int engine_roots_add(struct engine_root_set *set, const char *dir);

/*
 * Adds the directories that running engines use. Only root's processes outside containers are
 * trusted: any other process may use an engine's name. @proc is "/proc", except in tests. 0 or
 * -ENOMEM.
 */
int engine_roots_add_running(struct engine_root_set *set, const char *proc);

void engine_roots_free(struct engine_root_set *set);
