/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A list of strings from TOML files. The last file that has it counts; where it has {append = true}
 * in it, this and all later ones add to the list instead (containers.conf(5)).
 */

#include "setup/engines.h"

struct conf_list {
	char **strings;
	size_t n;
	bool append;
	char *file; /* the last one that has it; NULL: none does */
};

/* The array @key (setup/toml.h) of the file @name, if there are such. 0; -EINVAL, -errno. */
int conf_read(const struct setup_place *place, const char *name, const char *key,
	      struct conf_list *list, struct why *why);

/* The same of the files in the directory @name that end in ".conf", as podman reads them. */
int conf_read_directory(const struct setup_place *place, const char *name, const char *key,
			struct conf_list *list, struct why *why);

/* The same of all files below the directory @name but @but, as CRI-O reads them. */
int conf_read_tree(const struct setup_place *place, const char *name, const char *but,
		   const char *key, struct conf_list *list, struct why *why);

bool conf_has(const struct conf_list *list, const char *string);
/* At the end; one that is there already moves there: of directories the last word counts. 0;
 * -ENOMEM */
int conf_add(struct conf_list *list, const char *string);
void conf_free(struct conf_list *list);
