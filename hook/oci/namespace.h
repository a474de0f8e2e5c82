/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The namespaces in which a hook and the container's process run. @proc_dir is "/proc", except in
 * tests.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

enum namespace_relation {
	NAMESPACE_APART,  /* outside the container, whose process has its own mount namespace */
	NAMESPACE_INSIDE, /* in the container's namespaces: createContainer, startContainer */
	NAMESPACE_SHARED, /* outside, and the process shares our mount namespace (VM runtimes) */
};

/* @pid: of the container's process, from the state; 0: unknown. 0 or -errno with a reason. */
int namespace_find(const char *proc_dir, int64_t pid, enum namespace_relation *ret,
		   struct why *why);

/* Do we see the mounts that the host's first process sees? False also if that is not known. */
bool namespace_is_hosts(const char *proc_dir);

/*
 * Do we lack power over the host's devices: not root, or root only in a user namespace? 1 with a
 * reason; 0; -errno with a reason.
 */
int namespace_is_rootless(const char *proc_dir, struct why *why);
