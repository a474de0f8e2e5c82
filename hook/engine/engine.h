/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which engine made a bundle or a device: known from where engines put bundles and how they name
 * devices. The directories of bundles:
 *   containerd  <state>/io.containerd.runtime.v2.task/<namespace>/<id>
 *   Docker      the same in a namespace of its own
 *   podman, CRI-O  <storage>/<driver>-containers/<id>/userdata
 */

#include <stdbool.h>

#define ENGINE_TASKS "/io.containerd.runtime.v2.task/" /* below a state root of containerd's */

/*
 * Is this how an engine names a container's device? From their sources:
 *   Docker              docker-MAJOR:MINOR-INODE-ID     (daemon/graphdriver/devmapper)
 *   containers/storage  container-MAJOR:MINOR-INODE-ID
 *   containerd          POOL-snap-NUMBER                (snapshots/devmapper)
 */
bool engine_names_device(const char *name);

/* Is it named as containerd does? Only such a device can be given to a virtual machine. */
bool engine_names_snapshot(const char *name);

/*
 * Is this one of Docker's namespaces in containerd? "moby", and from Docker 26 on, with
 * userns-remap, "moby-UID.GID" (RemapContainerdNamespaces in daemon/daemon.go).
 */
bool engine_is_dockers_namespace(const char *ns);

/* Is this the namespace in containerd of all that CRI creates? (internal/cri/constants) */
bool engine_is_cris_namespace(const char *ns);

/*
 * Is this the name of the directory in Docker's data root, "UID.GID", that userns-remap uses as
 * data root?
 */
bool engine_is_remapped_root(const char *name);

/* containerd's namespace, unless it is Docker's; to be freed. NULL: not containerd. */
char *engine_namespace_of_bundle(const char *bundle);

/* "docker", "containerd", "storage" (podman, CRI-O), or "runtime": no known engine. */
const char *engine_of_bundle(const char *bundle);
