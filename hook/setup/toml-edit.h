/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changes to a TOML text that keep every other byte. What is changed is found by parsing: quoting,
 * order, line ends, dotted keys and braces make no difference, and what looks like it in a comment
 * or a string is left alone. Paths are those of setup/toml.h; values are TOML.
 *
 * Removing undoes adding byte for byte, but that a last line without an end has one then.
 *
 * 0; -EINVAL: the text cannot be parsed; -ENOMEM; with a reason. Adding and setting also say
 * -ENOENT, without a reason.
 */

#include "setup/edit.h"
#include "setup/toml.h"

/* Gives what is at @path another value. -ENOENT: there is nothing. */
int toml_set(struct edit_text *t, const char *path, const char *value, struct why *why);

/*
 * Adds a key to the table @table ("": the outermost), which must not have it, in the way that the
 * table is written: within its braces, below its header, or as a dotted key beside those that it
 * has. -ENOENT: it is not written anywhere, and may be, with a header of its own.
 */
int toml_add(struct edit_text *t, const char *table, const char *key, const char *value,
	     struct why *why);

/*
 * Removes all that is at and below @path: headers, keys, members of braces. Comments of others
 * stay, but those on the same line; a line that is @comment goes if it is just above what goes.
 */
int toml_cut(struct edit_text *t, const char *path, const char *comment, struct why *why);

/* Removes the headers of @table that have no keys below them, and its braces if they are empty. */
int toml_cut_empty(struct edit_text *t, const char *table, const char *comment, struct why *why);

/* Adds the string to the end of the array at @path. -ENOENT: there is no array. */
int toml_add_element(struct edit_text *t, const char *path, const char *string, struct why *why);

/* Removes all elements that are that string. */
int toml_cut_element(struct edit_text *t, const char *path, const char *string, struct why *why);

/* Adds @block behind all that is there, on lines of its own. */
int toml_append(struct edit_text *t, const char *block, struct why *why);
