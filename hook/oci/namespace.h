/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where a hook runs, and where the container's process does. @proc_dir is "/proc" but in tests.
 */

#include "base/why.h"

#include <stdint.h>

enum namespace_relation {
	NAMESPACE_APART,  /* beside the container, whose process has a mount namespace of its own */
	NAMESPACE_INSIDE, /* in the container's namespaces: createContainer, startContainer */
	NAMESPACE_SHARED, /* beside a process in our own mount namespace, as VM runtimes name one */
};

/* @pid: of the container's process, as the state says; 0: unknown. 0 or -errno with a reason. */
int namespace_find(const char *proc_dir, int64_t pid, enum namespace_relation *ret,
		   struct why *why);

/*
 * Are we somebody who has no power over the host's devices: not root, or root in a user namespace
 * only? 1 with a reason; 0; -errno with a reason.
 */
int namespace_is_rootless(const char *proc_dir, struct why *why);
