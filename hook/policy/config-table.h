/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reads and shows objects of the configuration by a table of their keys. */

#include "policy/config-value.h"

/* A key, and where its value is stored. */
struct config_key {
	const char *path; /* "max_size"; "pool_guard.data_percent" is in an object "pool_guard" */
	const struct config_type *type;
	size_t offset;		  /* of the target in the object's structure */
	const char *const *words; /* if it is a choice, without a type */
};

/* Keys of the same inner object are adjacent. */
struct config_table {
	const struct config_key *keys;
	size_t n;
};

/*
 * Reads @value, called @path in messages ("" is the file), into *@target. Unknown and duplicate
 * keys are errors. @origins has an element for each key of the table; NULL: origins are not
 * recorded.
 */
void config_read_object(struct config_reader *reader, const struct json *value, const char *path,
			const struct config_table *table, void *target,
			struct config_origin *origins);

/* Is @member a duplicate? For an object that may have any keys. */
bool config_is_duplicate(struct config_reader *reader, const struct json *object,
			 const struct json *member, const char *path);

/* Prints the members of *@target, one per line, followed by their origins if there are any. */
void config_show_object(const struct config_table *table, const void *target,
			const struct config_origin *origins, const char *indent, FILE *out);
