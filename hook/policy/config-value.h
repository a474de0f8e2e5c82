/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The types of configuration values: how each is checked, stored and shown. A wrong value is
 * reported with what was expected, and the previous value stays.
 */

#include "policy/config-reader.h"

#include <stdbool.h>
#include <stdio.h>

struct config_type {
	/* Reads @value, called @path in messages, into *@target. */
	void (*read)(struct config_reader *reader, const struct json *value, const char *path,
		     void *target);
	void (*show)(const void *target, FILE *out); /* as JSON that read() accepts */
	bool (*is_set)(const void *target);	     /* is there something to show? NULL: always */
};

/* clang-format off */
extern const struct config_type
	/* the type, its target, and allowed values */
	config_bool,        /* bool */
	config_string,      /* const char *; not empty; NULL: not set */
	config_name,        /* the same, and printable without quotes */
	config_program,     /* const char *; an absolute path, not one of our own programs */
	config_shim,        /* the same for a shim */
	config_nri,         /* const char *; NRI's socket; true for the usual one, null for NULL */
	config_strings,     /* const char *const *, ending with NULL */
	config_paths,       /* the same; absolute paths */
	config_size,        /* uint64_t; above 0; 0: not set */
	config_optional_size, /* uint64_t; a size, or null for 0 */
	config_percent,     /* unsigned int; 1 to 100 */
	config_ratio,       /* uint64_t; thousandths of a number such as 1.5 */
	config_time,        /* uint64_t; milliseconds of "500ms", "10s", "2m"; 100 ms to 10 m */
	config_pause;       /* the same; 1 s to 24 h; 0: not set */
/* clang-format on */

/* Reads an enum into *@target; its values are the indices of @words, a list that ends with NULL. */
void config_read_choice(struct config_reader *reader, const struct json *value, const char *path,
			const char *const words[], void *target);
void config_show_choice(const void *target, const char *const words[], FILE *out);

/* For types that other files define. */
void config_read_optional_size(struct config_reader *reader, const struct json *value,
			       const char *path, void *target);
void config_show_string(const char *text, FILE *out);
void config_show_size(uint64_t bytes, FILE *out);
