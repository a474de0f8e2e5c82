/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What engines are called: in rules, by `enable`, in what `list` and doctor show. */

#define ENGINE_DOCKER	  "docker"
#define ENGINE_CONTAINERD "containerd"
#define ENGINE_PODMAN	  "podman"
#define ENGINE_CRIO	  "crio"

#define ENGINE_STORAGE "storage" /* podman or CRI-O: it is not known which */
#define ENGINE_RUNTIME "runtime" /* called by no engine that we know */

/* Whose directory shows a container of no engine's; to rules that is ENGINE_RUNTIME. */
#define ENGINE_RUNC "runc"
#define ENGINE_CRUN "crun"

/* All engines: the elements of an array, and in words. */
#define ENGINE_NAMES ENGINE_DOCKER, ENGINE_CONTAINERD, ENGINE_PODMAN, ENGINE_CRIO
#define ENGINE_LIST(separator, last)                                                               \
	ENGINE_DOCKER separator ENGINE_CONTAINERD separator ENGINE_PODMAN last ENGINE_CRIO
