/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * containerd's CRI plugin, and a runtime handler of ours in it (containerd-config.toml(5),
 * docs/cri/config.md).
 *
 * Read: config.toml and what it imports, each file once, in containerd's order (those that a file
 * imports are queued behind all that are there). Of these the *view* is made: what the CRI plugin
 * gets. In files of version 1 and 2 (containerd 1.x) the last file that has the plugin's table
 * replaces it whole. From version 3 on (2.x) tables are merged, and the last one that has a key
 * counts, arrays as a whole. A version that we do not know is one like 3 if the plugin has the name
 * that it has in 3. Where containerd's program is there, its "config dump" adds to the view what
 * the handler that is copied has by default.
 *
 * Written by enable: the handler, a copy of runc's (--like: another one) with our BinaryName and
 * pod_annotations, and with --default default_runtime_name. Version 1 and 2: into the file whose
 * table of the plugin counts, else config.toml; runc's handler too if none is there, since any
 * handler in a file makes 1.x forget its built-in one. From 3 on: into conf.d/CONTAINERD_DROP_IN,
 * which config.toml then imports. A handler of ours that is there is corrected where it stands.
 * What the copied handler ran becomes "runtime" of our own configuration (setup/containerd-plan.c).
 *
 * Removed by disable, from each file by what it means (setup/toml-edit.h): all of our handler, of
 * whatever plugin name; a default_runtime_name that is ours, in the place of which comes that of
 * the backup; what else the backup has not and is empty then; imports of the drop-in, and then
 * the drop-in, unless somebody has added to it: then both stay. What stays is said.
 *
 * Checked before any file is replaced: our own view of the files as they would be; and by
 * containerd, if it is there (setup/containerd-check.h).
 */

#include "setup/containerd-files.h"

#define CONTAINERD_BINARY      "options" TOML_SEP "BinaryName"
#define CONTAINERD_DEFAULT     "default_runtime_name"
#define CONTAINERD_RUNC	       "runc"
#define CONTAINERD_RUNC_TYPE   "io.containerd.runc.v2"
#define CONTAINERD_OLD_DEFAULT "default" /* what the table default_runtime is called */

struct containerd_config {
	struct containerd_files files;
	int version;
	const char *plugin;   /* the CRI plugin's name in this version */
	char *cri, *runtimes; /* paths of its tables "containerd" and "containerd.runtimes" */
	struct toml view;     /* of the plugin's items; they are the files' */
	bool has_handlers;    /* any file says something of any handler */
	struct toml learned;  /* what the view has from elsewhere (setup/containerd-check.h) */
	bool is_cri_disabled; /* as in Docker's own package */
};

/* The CRI plugin's names, in the order of versions; the last one is NULL. */
extern const char *const containerd_plugins[];

/* From version 3 on. */
bool containerd_merges(const struct containerd_config *config);

/*
 * Reads the place's files (as its plan makes them). A config.toml that is not there is one of
 * version 2. -EINVAL: config.toml cannot be parsed, or its version; -errno. The reason names the
 * file. Free *ret in any case.
 */
int containerd_read(const struct setup_place *place, struct containerd_config *ret,
		    struct why *why);
void containerd_config_free(struct containerd_config *config);

/* The key @name of the handler @handler, as it counts; NULL if there is none. */
const struct toml_item *containerd_key(const struct containerd_config *config, const char *handler,
				       const char *name);
/* The same as a text: NULL if there is none, or it is empty. */
const char *containerd_value(const struct containerd_config *config, const char *handler,
			     const char *name);

/* Is there anything of the handler @handler that counts? */
bool containerd_has_handler(const struct containerd_config *config, const char *handler);

/* The name of the default handler, as it counts. */
const char *containerd_default(const struct containerd_config *config);

/* The plugin's path, the handler's; to be freed. */
char *containerd_plugin_path(const char *plugin);
char *containerd_handler_path(const char *plugin, const char *handler);
