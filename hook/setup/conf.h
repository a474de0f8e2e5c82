/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A list of strings from TOML files of which the last that has it counts. */

#include "setup/engine.h"

struct conf_list {
	char **strings;
	size_t n;
	char *file; /* that said so; NULL: none did */
};

/* The array @key (setup/toml.h) of the file @path, if there are such. 0; -EINVAL, -errno. */
int conf_read(const char *path, const char *key, struct conf_list *list, struct why *why);

/* The same of all files in the folder @dir whose names end in @suffix, but not of @but; sorted. */
int conf_read_folder(const char *dir, const char *suffix, const char *but, const char *key,
		     struct conf_list *list, struct why *why);

bool conf_has(const struct conf_list *list, const char *string);
int conf_add(struct conf_list *list, const char *string); /* 0 or -ENOMEM */
void conf_free(struct conf_list *list);
