/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What can be said of a configuration only when all of its files are read. */

#include "policy/config-reader.h"

/* Errors: sizes above the largest one. */
void config_check_sizes(struct config_reader *reader);

/*
 * Warnings: valid, but probably not what was meant. A rule that can never match, a runtime that is
 * missing. Returns how many.
 */
unsigned int config_warn(const struct policy *policy, const struct config_listener *listener);
