/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The directories in which containers are looked for (engine/container.h), for operators' commands.
 *
 * Engines that were told to keep their things elsewhere are found by what of theirs runs:
 *   dockerd          has <data-root>/volumes/metadata.db or network/files/local-kv.db open
 *   containerd       has <root>/io.containerd.metadata.v1.bolt/meta.db open, and the devmapper
 *                    snapshotter's <root_path>/metadata.db
 *   containerd-shim  its working directory is <state>/io.containerd.runtime.v2.task/...
 *   conmon           names files in <root>/devicemapper-containers/ on its command line, and in the
 *                    run root's
 * These are what it uses, not its options, which may come from many a file. Runtimes without an
 * engine leave no process that would tell their --root.
 */

#include "engine/container.h"

struct engine_root_set {
	struct engine_roots roots;
	char **dirs; /* the same */
};

/* Adds @dir, unless it is none or was added before, by this or another name. 0 or -ENOMEM. */
int engine_roots_add(struct engine_root_set *set, const char *dir);

/*
 * Adds what running engines use. Only root's processes outside of containers are believed: others
 * may call themselves as they like. @proc is "/proc" but in tests.
 */
int engine_roots_add_running(struct engine_root_set *set, const char *proc);

void engine_roots_free(struct engine_root_set *set);
