/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keys of the configuration: one table for the file and one for a rule, with a row per key.
 * Both reading and showing use them.
 */

#include "policy/config-reader.h"

#include <stdio.h>

/* Reads a whole file into reader->policy. */
void config_read_file(struct config_reader *reader, const struct json *root);

/*
 * The index of @path ("pool_guard.data_percent") in struct config_memory's origins; -1: no such
 * key.
 */
int config_key_index(const char *path);

/* Prints all of @policy as JSON with comments that say where each value came from. */
void config_show(const struct policy *policy, FILE *out);
/* The same on one line, without comments: {"values": {...}, "origins": {"KEY": "FILE:LINE"}}. */
void config_show_json(const struct policy *policy, FILE *out);
