/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changes to a TOML text that keep every other byte. What is changed is found by parsing: quoting,
 * order, line ends, dotted keys and braces make no difference, and what looks like it in a comment
 * or a string is left alone. Paths are those of setup/toml.h; values are TOML.
 *
 * An action of a template that begins behind a key or a header must end on the same line.
 *
 * Removing undoes adding byte for byte. If the last line has no newline, what is added after it has
 * none, either.
 *
 * 0; -EINVAL: the text cannot be parsed; -ENOMEM; with a reason. Adding and setting also return
 * -ENOENT, without a reason.
 */

#include "setup/edit.h"
#include "setup/toml.h"

/* Changes the value at @path. -ENOENT: there is none. */
int toml_set(struct edit_text *t, const char *path, const char *value, struct why *why);

/*
 * Adds a key to the table @table ("": the outermost), which must not have it, in the way that the
 * table is written: within its braces, below its header, or as a dotted key beside those that it
 * has. -ENOENT: there is no such table, so it can be appended with a header.
 */
int toml_add(struct edit_text *t, const char *table, const char *key, const char *value,
	     struct why *why);

/* Changes the key of the table, or adds it. -ENOENT: there is no such table. */
int toml_put(struct edit_text *t, const char *table, const char *key, const char *value,
	     struct why *why);

/*
 * Removes all that is at and below @path: headers, keys, members of braces. Comments stay, except
 * on the same lines, and @comment on the line above.
 */
int toml_cut(struct edit_text *t, const char *path, const char *comment, struct why *why);

/* Removes the headers of @table that have no keys below them, and its braces if they are empty. */
int toml_cut_empty(struct edit_text *t, const char *table, const char *comment, struct why *why);

/* Is @comment on the line above the header of @table? */
bool toml_is_marked(const struct edit_text *t, const char *table, const char *comment);

/* Adds the string to the end of the array at @path. -ENOENT: there is no array. */
int toml_add_element(struct edit_text *t, const char *path, const char *string, struct why *why);

/* Removes all elements that are that string. */
int toml_cut_element(struct edit_text *t, const char *path, const char *string, struct why *why);

/* Appends @block, on lines of its own. */
int toml_append(struct edit_text *t, const char *block, struct why *why);
