/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changes to the text of a JSON object that keep every other byte: order, blanks, line ends.
 * @parent is the name of an object in the outermost one, or NULL for the outermost itself; @value
 * is JSON. A text that cannot be parsed is not changed: -EINVAL with a reason.
 */

#include "base/why.h"

#include <stddef.h>

struct edit_text {
	char *text; /* NUL-terminated, to be freed by its owner */
	size_t len;
};

/* A copy of the bytes. 0 or -ENOMEM. */
int edit_copy(const char *text, size_t len, struct edit_text *ret);
void edit_free(struct edit_text *t);

/* Replaces the bytes from @start to @end by @new. 0 or -ENOMEM. */
int edit_splice(struct edit_text *t, size_t start, size_t end, const char *new);

/* Appends a member, which must not exist. */
int edit_add(struct edit_text *t, const char *parent, const char *key, const char *value,
	     struct why *why);

/* Changes the value of a member. */
int edit_set(struct edit_text *t, const char *parent, const char *key, const char *value,
	     struct why *why);

/* Removes a member. Undoes edit_add() byte for byte, unless the object was empty. */
int edit_remove(struct edit_text *t, const char *parent, const char *key, struct why *why);
