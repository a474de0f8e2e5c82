/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The files of a place (setup/setup.h). A name is a path with the place's root before it, or the
 * engine's own file; links on the way are followed as that host follows them and never lead out of
 * its root. Where the place has a plan, files are what the plan makes of them.
 */

#include "setup/setup.h"

/* @path below the place's root: a name, to be freed; NULL: out of memory. */
char *place_name(const struct setup_place *place, const char *path);

/* The path of a name without links, as beneath() has it; to be freed. */
int place_resolve(const struct setup_place *place, const char *name, char **ret);

/*
 * A path without links as it is called from the place's root, a part of @path; NULL: it is not in
 * there. *ret_root is that root without links, "" for this host's, to be freed; NULL: no memory.
 */
const char *place_inside(const struct setup_place *place, const char *path, char **ret_root);

/*
 * 1 and the text, to be freed; 0: no such file; -EINVAL: it is longer than a configuration can be;
 * -errno; with a reason that names it.
 */
int place_read(const struct setup_place *place, const char *name, char **ret_text, size_t *ret_len,
	       struct why *why);
/* The same for what has no place. */
int place_read_path(const char *path, char **ret_text, size_t *ret_len, struct why *why);

bool place_has(const struct setup_place *place, const char *name);

struct place_entry {
	char *name; /* in the directory */
	bool is_directory;
};

/* What is in a directory, sorted by bytes. How many, none if there is no such one; -errno. */
int place_list(const struct setup_place *place, const char *name, struct place_entry **ret,
	       struct why *why);
void place_list_free(struct place_entry *entries, int n);

/*
 * Where the host finds the program @path, which may be a name without a slash; to be freed. NULL:
 * nothing there can be executed.
 */
char *place_find_program(const struct setup_place *place, const char *path);
