/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Checks of a configuration that need all of its files to be read. */

#include "policy/config-reader.h"

/* Reports values that are set above their limit, which is another value, as errors. */
void config_check_limits(struct config_reader *reader);

/* Warns of rules that can never match: valid, but probably not what was meant. Returns how many. */
unsigned int config_warn(const struct policy *policy, const struct config_listener *listener);

/* Can the runtime @path be executed? 0, or -errno with a reason that names it. */
int config_try_runtime(const char *path, struct why *why);
/* The same for the policy's; the reason says where it is set, too. */
int config_check_runtime(const struct policy *policy, struct why *why);

/*
 * The same for a real shim, which must also be a file of root's own, and not this program. -ELOOP:
 * it is this program.
 */
int config_try_shim(const char *path, struct why *why);
int config_check_shim(const struct shim *shim, struct why *why);
