/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The engines' names: in rules, for `enable`, and in the output of `list` and doctor. */

#define ENGINE_DOCKER	  "docker"
#define ENGINE_CONTAINERD "containerd"
#define ENGINE_PODMAN	  "podman"
#define ENGINE_CRIO	  "crio"

#define ENGINE_STORAGE "storage" /* podman or CRI-O, unknown which */
#define ENGINE_RUNTIME "runtime" /* a runtime without a known engine */

/* The runtimes whose own directory lists containers without an engine: ENGINE_RUNTIME in rules. */
#define ENGINE_RUNC "runc"
#define ENGINE_CRUN "crun"

/* All engines: as array elements, and as words. */
#define ENGINE_NAMES ENGINE_DOCKER, ENGINE_CONTAINERD, ENGINE_PODMAN, ENGINE_CRIO
#define ENGINE_LIST(separator, last)                                                               \
	ENGINE_DOCKER separator ENGINE_CONTAINERD separator ENGINE_PODMAN last ENGINE_CRIO
