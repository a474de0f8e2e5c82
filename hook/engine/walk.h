/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Helpers for the walks over engines' files (engine/container.h). */

#include "engine/container.h"

#include <stdbool.h>

/*
 * Is it safe as a path component? Letters, digits and _ . - + (as in runc and crun), and no leading
 * dot.
 */
bool walk_is_id(const char *id);

/* 1 and *ret, whose root has @type; 0: no such file; -errno with a reason that names @path. */
int walk_read_json(const char *path, enum json_type type, struct json_doc **ret, struct why *why);

/*
 * Reports @r, which could not be read or understood, to the walk's complain. 0: go on without it;
 * or -ENOMEM, which ends the walk.
 */
int walk_pass_over(const struct engine_walk *walk, int r, const struct why *why);

/* For a walk's complain, with a struct walk_unread as its context: keeps the first reason. */
struct walk_unread {
	struct why why;
	bool any;
};

void walk_note_unread(const struct why *why, void *context);

/*
 * Calls @visit with the name of each entry of the directory @path, except dot files; non-zero ends
 * it. 0, also if it cannot be read; what @visit returned; -ENOMEM.
 */
int walk_entries(const char *path, int (*visit)(const char *name, void *context), void *context);

/* The only line of a small file, to be freed; NULL if there is none. */
char *walk_read_line(const char *path);

/* A copy of the string @key in @object, to be freed; NULL if missing or not a string. */
char *walk_dup_string(const struct json *object, const char *key);

/*
 * The bundle of @id below one of the roots, where containerd's shims create it in the namespace
 * @ns; to be freed, or NULL.
 */
char *walk_find_task(const struct engine_roots *roots, const char *ns, const char *id);
