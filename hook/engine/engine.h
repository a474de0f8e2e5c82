/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which engine made this bundle? Known by where engines put bundles; for logs and, later, for
 * labels. The folders:
 *   containerd  <state>/io.containerd.runtime.v2.task/<namespace>/<id>
 *   Docker      the same with the namespace "moby"
 *   podman, CRI-O  <storage>/<driver>-containers/<id>/userdata
 */

#include <stdbool.h>

/*
 * Is this how an engine names a container's device? From their sources:
 *   Docker              docker-MAJOR:MINOR-INODE-ID     (daemon/graphdriver/devmapper)
 *   containers/storage  container-MAJOR:MINOR-INODE-ID
 *   containerd          POOL-snap-NUMBER                (snapshots/devmapper)
 */
bool engine_names_device(const char *name);

/* containerd's namespace, but not Docker's in it; to be freed. NULL: no containerd. */
char *engine_namespace_of_bundle(const char *bundle);

/* "docker", "containerd", "storage" (podman, CRI-O), or "runtime": called by no engine we know. */
const char *engine_of_bundle(const char *bundle);
