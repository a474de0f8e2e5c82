/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What can be said of a configuration only when all of its files are read. */

#include "policy/config-reader.h"

/* Errors: sizes above the largest one. */
void config_check_sizes(struct config_reader *reader);

/* Warnings: valid, but probably not what was meant: rules that can never match. How many. */
unsigned int config_warn(const struct policy *policy, const struct config_listener *listener);

/* Can the runtime @path be executed? 0, or -errno with a reason that names it. */
int config_try_runtime(const char *path, struct why *why);
/* The same for the policy's; the reason says where it is set, too. */
int config_check_runtime(const struct policy *policy, struct why *why);
