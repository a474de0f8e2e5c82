/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Helpers for reading the configuration: memory that lives as long as the policy, and errors with
 * file and line. After an error reading continues, so one run reports all of them.
 */

#include "base/why.h"
#include "oci/json.h"
#include "policy/policy.h"

#include <stddef.h>

struct config_listener {
	void (*tell)(const struct why *why, void *context); /* may be NULL */
	void *context;
};

struct config_origin {
	const char *file; /* NULL: it is the default */
	unsigned int line;
};

/* A file that was read, or passed over because of its name. */
struct config_file {
	const char *path;
	bool ignored;
	const struct config_file *next;
};

#define CONFIG_KEYS_MAX 64

struct config_memory {
	struct config_chunk *chunks;
	struct config_origin origins[CONFIG_KEYS_MAX]; /* one per row of config_keys */
	const struct config_file *files, **last;       /* in the order they were read */
};

struct config_reader {
	struct policy *policy; /* what is read into; its memory is used */
	const char *file;      /* lives as long as the policy */
	const char *text;      /* all of the file */
	const struct config_listener *listener;
	unsigned int errors;
};

/* The line of byte @offset, from 1. */
unsigned int config_line(const char *text, size_t offset);

/* "FILE:LINE: PATH: expected @expected, found ...". */
void config_fail(struct config_reader *reader, const struct json *value, const char *path,
		 const char *expected);
/* Reports "FILE:LINE: " and the formatted text; a @line of 0 is left out. */
void config_complain(struct config_reader *reader, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_note_file(struct config_reader *reader, const char *path, bool ignored);
void config_no_memory(struct config_reader *reader);

/* Zeroed memory that lives as long as the policy; NULL, reported, if out of memory. */
void *config_alloc(struct config_reader *reader, size_t size);
const char *config_strdup(struct config_reader *reader, const char *text);
void config_memory_free(struct config_memory *memory);
