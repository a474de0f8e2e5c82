/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which program our wrapper for a shim becomes: the one in "shims" of the configuration, else
 * containerd-shim-NAME-v2 in the first of SHIM_DIRS that has it. Never from the environment.
 * While the configuration is broken, the last one that was used, unless that is gone and the
 * configuration names one (job/last-program.h): `delete` must reach the shim that made the
 * container.
 */

#include "base/why.h"
#include "policy/policy.h"

extern const char *const real_shim_dirs[]; /* ends with NULL */

/*
 * Finds the shim @name (base/shim-name.h). @dirs is real_shim_dirs and @state_dir STATE_DIR, except
 * in tests; without @state_dir nothing is remembered. 0 and its path, which the caller frees;
 * -errno with a reason that says who chose it.
 */
int real_shim_find(const struct policy *policy, const char *name, const char *const dirs[],
		   const char *state_dir, char **ret, struct why *why);
