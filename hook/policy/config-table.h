/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Objects of the configuration, read and shown by a table of their keys. */

#include "policy/config-value.h"

/* Where a key stands, and where its value goes. */
struct config_key {
	const char *path; /* "max_size"; "pool_guard.data_percent" is in an object "pool_guard" */
	const struct config_type *type;
	size_t offset;		  /* of its target in the object's structure */
	const char *const *words; /* of a choice, which has no type */
};

/* Keys of one inner object stand together. */
struct config_table {
	const struct config_key *keys;
	size_t n;
};

/*
 * Reads @value, called @path in messages ("" is the file), into *@target. Unknown and duplicate
 * keys are errors. @origins has a place for each key of the table; NULL: none are noted.
 */
void config_read_object(struct config_reader *reader, const struct json *value, const char *path,
			const struct config_table *table, void *target,
			struct config_origin *origins);

/* The same question for an object whose keys may be anything. */
bool config_is_duplicate(struct config_reader *reader, const struct json *object,
			 const struct json *member, const char *path);

/* The members of *@target, a line each; with their origins behind them if there are any. */
void config_show_object(const struct config_table *table, const void *target,
			const struct config_origin *origins, const char *indent, FILE *out);
