/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TOML (toml.io, 1.0), enough of it to find a configuration's keys and where their values are.
 * Tables that are defined twice, and the syntax of numbers and dates, are not checked.
 *
 * Actions of Go templates, "{{ ... }}", may stand between statements, where they are ignored, and
 * in place of a value.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>

enum toml_kind { TOML_TABLE, TOML_STRING, TOML_ARRAY, TOML_INLINE, TOML_OTHER };

/* Allowed at the very beginning. */
#define TOML_BOM "\xef\xbb\xbf"
/* Between the parts of a path: a part may have dots in it. */
#define TOML_SEP "\x1f"
/* The last part of the path of an array's element. */
#define TOML_ELEMENT "[]"

struct toml_item {
	enum toml_kind kind;
	char *path;	   /* the whole key, from the outermost table on */
	size_t start, end; /* the bytes of the value, or of a table's header with its brackets */
	size_t key;	   /* where its key begins; of headers and elements: start */
	size_t base;	   /* length of the enclosing table's path; the rest is the key */
	bool inner;	   /* within the braces or brackets of another value */
	char *text;	   /* strings: decoded; tables: NULL; others: as written */
};

struct toml {
	struct toml_item *items; /* in the order of the file */
	size_t n;
};

/* -EINVAL with a reason that names the line; -ENOMEM. */
int toml_parse(const char *text, size_t len, struct toml *ret, struct why *why);
void toml_free(struct toml *toml);

/* The first one of that path, or NULL. */
const struct toml_item *toml_find(const struct toml *toml, const char *path);

/* Is @path that of @above, or of something in it? */
bool toml_is_at_or_below(const char *path, const char *above);

/* The part of @path, of something in @above, that follows that; NULL: it is not in it. */
const char *toml_below(const char *path, const char *above);

/* Is there anything at or below @path? */
bool toml_has(const struct toml *toml, const char *path);

/* Is the item a string in the array at @path? */
bool toml_is_string_in(const struct toml_item *item, const char *path);

/* Has the array at @path the element @string? */
bool toml_has_element(const struct toml *toml, const char *path, const char *string);

/* @text as a string of TOML, to be freed; NULL: out of memory. */
char *toml_quote(const char *text);
/* @part as a part of a key: bare, where it can be. */
char *toml_quote_key(const char *part);
