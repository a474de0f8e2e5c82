/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The files of a place (setup/setup.h). A name is a path below the place's root with that root
 * prepended, or the place's file. Links are followed as on that host, and never lead out of its
 * root. If the place has a plan, files are as the plan changes them.
 */

#include "setup/setup.h"

/* @path below the place's root: a name, to be freed; NULL: out of memory. */
char *place_name(const struct setup_place *place, const char *path);

/* The path of a name, without links (base/beneath.h); to be freed. 0 or -errno. */
int place_resolve(const struct setup_place *place, const char *name, char **ret);

/* The same for a name that is itself a link: that one is not followed. */
int place_resolve_link(const struct setup_place *place, const char *name, char **ret);

/*
 * The part of @path, which has no links, as seen from the place's root; NULL: it is outside.
 * *ret_root is that root without links, "" for this host's, to be freed; NULL: out of memory.
 */
const char *place_inside(const struct setup_place *place, const char *path, char **ret_root);

/*
 * 1 and the text, to be freed; 0: no such file; -EINVAL: too long for a configuration; -errno; with
 * a reason that names it.
 */
int place_read(const struct setup_place *place, const char *name, char **ret_text, size_t *ret_len,
	       struct why *why);
/* The same for a path, whatever the plan. */
int place_read_path(const char *path, char **ret_text, size_t *ret_len, struct why *why);

bool place_has(const struct setup_place *place, const char *name);

/* The file @path as the place's plan has it; NULL: it does not. */
const struct setup_file *place_planned(const struct setup_place *place, const char *path);

struct place_entry {
	char *name; /* without the directory */
	bool is_directory;
};

/* The entries of a directory, sorted by bytes. Their number, 0 if it does not exist; -errno. */
int place_list(const struct setup_place *place, const char *name, struct place_entry **ret,
	       struct why *why);
void place_list_free(struct place_entry *entries, int n);

/*
 * The path, without links, of the program @path, which may be a name that is looked up; to be
 * freed. NULL: there is no executable file.
 */
char *place_find_program(const struct setup_place *place, const char *path);
