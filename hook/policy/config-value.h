/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Single values of the configuration, checked. What is wrong is told with file, line, key and what
 * was expected, and the value that was there before stays; so one run finds all that is wrong.
 */

#include "base/why.h"
#include "oci/json.h"
#include "policy/config.h"
#include "policy/policy.h"

#include <stddef.h>

struct config_reader {
	struct policy *policy; /* being made; its memory is used */
	const char *file;      /* lives as long as the policy */
	const char *text;      /* all of the file */
	const struct config_listener *listener;
	unsigned int errors;
};

/* How a value is read: from @value, called @path in messages, to *@target of the field's type. */
typedef void config_read(struct config_reader *reader, const struct json *value, const char *path,
			 void *target);

struct config_field {
	const char *key;
	config_read *read;
	size_t offset; /* of its target below that of the object */
	int origin;    /* enum config_key to note file and line for; or CONFIG_NO_ORIGIN */
};
#define CONFIG_NO_ORIGIN (-1)

/* The line of byte @offset, from 1. */
unsigned int config_line(const char *text, size_t offset);

/* "FILE:LINE: PATH: expected @expected, found ...". */
void config_fail(struct config_reader *reader, const struct json *value, const char *path,
		 const char *expected);
/* "FILE:LINE: " and what the format says; a @line of 0 is none. */
void config_complain(struct config_reader *reader, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void config_no_memory(struct config_reader *reader);

/* Zeroed memory of the policy's; NULL (told) if there is none. */
void *config_alloc(struct config_reader *reader, size_t size);
const char *config_strdup(struct config_reader *reader, const char *text);

/* All members of an object; unknown and duplicate keys are errors. */
void config_read_object(struct config_reader *reader, const struct json *value, const char *path,
			const struct config_field *fields, size_t n, void *target);
/* The same question for an object whose keys may be anything. */
bool config_is_duplicate(struct config_reader *reader, const struct json *object,
			 const struct json *member, const char *path);

config_read config_read_bool;	  /* bool */
config_read config_read_string;	  /* const char *; not empty, no NUL */
config_read config_read_name;	  /* the same, fit for a message as it is */
config_read config_read_strings;  /* const char *const * */
config_read config_read_paths;	  /* the same, of absolute paths */
config_read config_read_path;	  /* const char *; absolute, and not our own wrapper */
config_read config_read_size;	  /* uint64_t; above 0 */
config_read config_read_optional; /* uint64_t; a size, or null for 0 */
config_read config_read_percent;  /* unsigned int; 1 to 100 */
config_read config_read_ratio;	  /* uint64_t; thousandths of a number such as 1.5 */
config_read config_read_time;	  /* uint64_t; milliseconds of "500ms", "10s", "2m" */

/* The one of @words (ending with NULL) that @value is; -1 (told) if it is none. */
int config_read_choice(struct config_reader *reader, const struct json *value, const char *path,
		       const char *const words[]);
