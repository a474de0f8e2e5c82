/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Strings, and lists of them, in TOML files. Each file that has a list overrides the earlier ones;
 * from one with {append = true} on, they add to the list instead (containers.conf(5)).
 */

#include "setup/change.h"

struct conf_list {
	char **strings;
	size_t n;
	bool append;
	char *file; /* the last one that has it; NULL: none does */
};

/* Reads the array @key (setup/toml.h) of the file @name, if both exist. 0; -EINVAL; -errno. */
int conf_read(const struct setup_place *place, const char *name, const char *key,
	      struct conf_list *list, struct why *why);

/* The same for the files *.conf in the directory @name, as podman reads them. */
int conf_read_directory(const struct setup_place *place, const char *name, const char *key,
			struct conf_list *list, struct why *why);

/* The same for all files below the directory @name except @but, as CRI-O reads them. */
int conf_read_tree(const struct setup_place *place, const char *name, const char *but,
		   const char *key, struct conf_list *list, struct why *why);

/*
 * The string @key of the file @name, to be freed. NULL: it has none, or cannot be read, which the
 * engine itself will report.
 */
char *conf_string(const struct setup_place *place, const char *name, const char *key);

bool conf_has(const struct conf_list *list, const char *string);
/* Appends; a string that is there already moves to the end, as the last directory takes precedence.
 * 0 or -ENOMEM. */
int conf_add(struct conf_list *list, const char *string);
void conf_free(struct conf_list *list);
