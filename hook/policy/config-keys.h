/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keys of the configuration, and of its rules: a table each. */

#include "policy/config-value.h"

/* Reads a whole file into reader->policy. */
void config_read_file(struct config_reader *reader, const struct json *root);

/* What can be said only when all files are read. */
void config_check_sizes(struct config_reader *reader);
