/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* containerd's configuration files: which it reads, in its order, and what each one is. */

#include "setup/change.h"
#include "setup/toml.h"

#define CONTAINERD_DROP_IN "50-oci-thin-grow.toml"

struct containerd_file {
	char *name, *path; /* setup/place.h */
	char *text;	   /* NULL: no such file */
	size_t len;
	struct toml toml; /* empty if an import cannot be parsed */
};

#define CONTAINERD_MAX_FILES 64

struct containerd_files {
	struct containerd_file files[CONTAINERD_MAX_FILES]; /* [0]: config.toml */
	size_t n;
};

/*
 * Reads config.toml and its imports, then the place's file if that is a part (below) and not among
 * them. A missing config.toml has no text. -EINVAL: it cannot be parsed; -errno; with a reason that
 * names the file. Free *ret in any case.
 */
int containerd_files_read(const struct setup_place *place, struct containerd_files *ret,
			  struct why *why);
void containerd_files_free(struct containerd_files *files);

/* The last file that has anything at or below @path; NULL: none has. */
const struct containerd_file *containerd_last_with(const struct containerd_files *files,
						   const char *path);

/* The names (setup/place.h) of config.toml and of our drop-in beside it; to be freed. */
char *containerd_file_name(const struct setup_place *place);
char *containerd_drop_in_name(const struct setup_place *place);

/* The drop-in's path as config.toml names it. To be freed. */
char *containerd_import(const struct setup_place *place);

/* Does @import, as the file @parent has it, name the file at @path? Not for patterns. */
bool containerd_import_is(const struct setup_place *place, const char *parent, const char *import,
			  const char *path);

/*
 * Is the place's file a template of the configuration, or in a directory of drop-ins
 * (config-v3.toml.d)? Then the handler goes into that file, which becomes part of the config.toml
 * beside it.
 */
bool containerd_is_template(const struct setup_place *place);
bool containerd_is_fragment(const struct setup_place *place);
bool containerd_is_part(const struct setup_place *place); /* either */
