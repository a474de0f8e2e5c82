/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON writer for --json outputs. If it is NULL or ran out of memory, it ignores further calls, and
 * json_writer_end() returns the error: a command without --json need not ask each time. @key is
 * NULL in an array. Bytes that are not UTF-8 are escaped as in quote().
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer;

struct json_writer *json_writer_begin(void); /* opens the outermost object */
void json_write_object(struct json_writer *w, const char *key);
void json_write_close(struct json_writer *w); /* closes the object opened last */
void json_write_array(struct json_writer *w, const char *key);
void json_write_array_close(struct json_writer *w);
void json_write_string(struct json_writer *w, const char *key, const char *value); /* NULL: null */
void json_write_u64(struct json_writer *w, const char *key, uint64_t value);
/* The same, or null if it is not @known. */
void json_write_u64_if(struct json_writer *w, const char *key, bool known, uint64_t value);
/* The same, where 0 is not known. */
void json_write_known_u64(struct json_writer *w, const char *key, uint64_t value);
void json_write_bool(struct json_writer *w, const char *key, bool value);

/*
 * Closes the outermost object, prints the document as one line to @out and frees the writer. 0,
 * -ENOMEM or -EIO.
 */
int json_writer_end(struct json_writer *w, FILE *out);
