/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the walks over engines' files (engine/container.h) have in common. */

#include "engine/container.h"

#include <stdbool.h>

/*
 * May it be a part of a path? Letters, digits and _ . - + (runc and crun let people use these), no
 * dot at the beginning.
 */
bool walk_is_id(const char *id);

/* 1 and *ret, whose root is of @type; 0: no such file; -errno with a reason that names @path. */
int walk_read_json(const char *path, enum json_type type, struct json_doc **ret, struct why *why);

/*
 * What could not be read or understood, @r, is told to whoever walks. 0: go on without it; or
 * -ENOMEM, which ends the walk.
 */
int walk_pass_over(const struct engine_walk *walk, int r, const struct why *why);

/* Calls @visit with the name of each entry of the directory @path; dot files are left out. */
int walk_entries(const char *path, int (*visit)(const char *name, void *context), void *context);

/* A small file's one line, to be freed; NULL if there is none. */
char *walk_read_line(const char *path);

/* A copy of the string @key of @object, to be freed; NULL if it is not there (or no string). */
char *walk_dup_string(const struct json *object, const char *key);

/*
 * The bundle of @id below one of the roots, as containerd's shims make them in its namespace @ns;
 * to be freed, or NULL.
 */
char *walk_find_task(const struct engine_roots *roots, const char *ns, const char *id);
