/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON parser and writer, bounded and strict (the only user of yajl).
 *
 * A document is read completely into a tree that has the byte offset of each value. Duplicate keys,
 * and a NUL inside a string, are an error only when such a key is looked up: a key that nobody
 * reads must not make a container fail.
 */

#include "base/cleanup.h"
#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 64

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	const char *key; /* in an object: the member's name; else NULL */
	size_t key_len;
	size_t key_end; /* in an object: offset of the byte after the key's closing quote */
	size_t offset;	/* of the byte after the value, or after its opening bracket */
	size_t end;	/* of the byte after the whole value */
	/* strings: decoded, NUL-terminated; numbers: as written; booleans: "true" or "false" */
	const char *text;
	size_t len;
	struct json *first, *next; /* the members of an array or object */
};

struct json_doc; /* owns the whole tree */

/* The line and column, from 1, of the byte before @offset: that at which parsing stopped. */
unsigned int json_line(const char *text, size_t offset, size_t *ret_column);

/* -EINVAL with the reason and its byte offset; -ENOMEM. @text need not outlive the call. */
int json_parse(const char *text, size_t len, struct json_doc **ret, struct why *why);

/* The same, but what is nested deeper than @levels is only checked, not kept; 1: the members. */
int json_parse_levels(const char *text, size_t len, size_t levels, struct json_doc **ret,
		      struct why *why);

/* The same as json_parse(); strings may have bytes that are not UTF-8, as paths may. */
int json_parse_bytes(const char *text, size_t len, struct json_doc **ret, struct why *why);

/*
 * The same for files that people write: allows C comments. *ret_offset: where parsing failed; the
 * reason does not include it.
 */
int json_parse_commented(const char *text, size_t len, struct json_doc **ret, size_t *ret_offset,
			 struct why *why);

/*
 * The same for the file at @path below @dir_fd (AT_FDCWD: any path). 1 and *ret; 0: no such file;
 * -EFBIG: more than @max_bytes; -EINVAL; -errno; with a reason that does not name @path.
 */
int json_read_at(int dir_fd, const char *path, size_t max_bytes, struct json_doc **ret,
		 struct why *why);

void json_free(struct json_doc *doc);

static inline void cleanup_json(struct json_doc **doc)
{
	json_free(*doc);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

const struct json *json_root(const struct json_doc *doc);

/* "a string", "an object", ... */
const char *json_type_name(enum json_type type);

#define json_foreach(member, parent)                                                               \
	for (const struct json *member = (parent)->first; (member); (member) = (member)->next)

/*
 * The member @key of the object @parent: 1 and *ret; 0 if there is none; -EINVAL with a reason if
 * it occurs more than once or has another type. The pointers live as long as the document.
 */
int json_member(const struct json *parent, const char *key, enum json_type type,
		const struct json **ret, struct why *why);

/* The same for an object; null, which Go writes for a nil map or pointer, is the same as none. */
int json_object(const struct json *parent, const char *key, const struct json **ret,
		struct why *why);

/* The same for a string without NUL. */
int json_string(const struct json *parent, const char *key, const char **ret, struct why *why);

/* The same for an integer that fits. */
int json_integer(const struct json *parent, const char *key, int64_t *ret, struct why *why);

/*
 * The writer for --json outputs. If it is NULL or ran out of memory, it ignores further calls, and
 * json_writer_end() returns the error: a command without --json need not ask each time. @key is
 * NULL in an array. Bytes that are not UTF-8 are escaped as in quote().
 */
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
