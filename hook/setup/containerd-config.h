/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * containerd's CRI plugin, and our runtime handler in it (containerd-config.toml(5),
 * docs/cri/config.md).
 *
 * Read: config.toml and its imports, each file once, in containerd's order (the imports of a file
 * are queued after all files that are known by then). Relative imports are beside the file that has
 * them; a containerd that is so old that it looks elsewhere for patterns is refused. The files make
 * the *view*: what the CRI plugin gets. In versions 1 and 2 (containerd 1.x) the last file that has
 * the plugin's table replaces it whole. From version 3 on (2.x) tables are merged, and the last
 * file that has a key sets it, arrays as a whole. Unknown versions are read like 3 if the plugin
 * has the name that it has in 3. If containerd is installed, its "config dump" adds to the view the
 * defaults of the handler that is copied.
 *
 * Enable writes the handler, a copy of runc's (--like: another one) with our BinaryName and
 * pod_annotations, and with --default default_runtime_name. Versions 1 and 2: to the file whose
 * table of the plugin is in effect, else config.toml; with runc's handler if there is none, since
 * any handler in a file makes 1.x drop its built-in one. From 3 on: to conf.d/CONTAINERD_DROP_IN,
 * which config.toml then imports. A handler of ours that exists is corrected in its file. What the
 * copied handler ran becomes "runtime" of our own configuration (setup/containerd-runtime.h).
 *
 * Disable parses each file and removes (setup/toml-edit.h) our handler, whatever the plugin's name;
 * default_runtime_name if it is ours, or restores that of the backup; tables that are empty then
 * and not in the backup; imports of the drop-in, and the drop-in. If the drop-in has other
 * settings, it and its import stay. What stays is reported.
 *
 * Checked before any file is replaced: our own view of the files as they would be; and
 * containerd's, if it is installed (setup/containerd-check.h).
 */

#include "setup/containerd-files.h"

#define CONTAINERD_BINARY      "options" TOML_SEP "BinaryName"
#define CONTAINERD_DEFAULT     "default_runtime_name"
#define CONTAINERD_RUNC	       "runc"
#define CONTAINERD_RUNC_TYPE   "io.containerd.runc.v2"
#define CONTAINERD_IMAGES      "io.containerd.cri.v1.images"
#define CONTAINERD_PLATFORMS   "plugins" TOML_SEP CONTAINERD_IMAGES TOML_SEP "runtime_platforms"
#define CONTAINERD_OLD_DEFAULT "default" /* what the table default_runtime is called */

struct containerd_config {
	struct containerd_files files;
	int version;
	const char *plugin;   /* the CRI plugin's name in this version */
	char *cri, *runtimes; /* paths of its tables "containerd" and "containerd.runtimes" */
	struct toml view;     /* the plugin's items, which belong to the files */
	bool has_handlers;    /* there is a handler, whichever */
	struct toml learned;  /* items of the view that no file has (setup/containerd-dump.h) */
	bool is_cri_disabled; /* as in Docker's own package */

	/* Set by containerd_choose() (setup/containerd-shim.h) */
	char *ours; /* the handler that enable adds or changes */
	char *like; /* the handler that it is a copy of; the same if it is changed in place */
	char *shim; /* NAME of the shim that it wraps; NULL: it runs our runtime */
};

/* The CRI plugin's names, in the order of versions; the last one is NULL. */
extern const char *const containerd_plugins[];

/* Are tables of several files merged? From version 3 on. */
bool containerd_merges(const struct containerd_config *config);

/*
 * Reads the place's files, as its plan changes them. A missing config.toml is of version 2.
 * -EINVAL: config.toml or its version cannot be parsed; -errno; with a reason that names the file.
 * Free *ret in any case.
 */
int containerd_read(const struct setup_place *place, struct containerd_config *ret,
		    struct why *why);
void containerd_config_free(struct containerd_config *config);

/* The key @name of the handler @handler in the view; NULL: there is none. */
const struct toml_item *containerd_key(const struct containerd_config *config, const char *handler,
				       const char *name);
/* Its string; NULL: there is none, or it is empty. */
const char *containerd_value(const struct containerd_config *config, const char *handler,
			     const char *name);

/* Does the view have the handler @handler? */
bool containerd_has_handler(const struct containerd_config *config, const char *handler);

/* Is this the type of a handler that runs a program like runc? */
bool containerd_is_runc(const char *type);

/* The name of the default handler that is in effect. */
const char *containerd_default(const struct containerd_config *config);

/* The plugin's path, that of its table of handlers, the handler's; to be freed. */
char *containerd_plugin_path(const char *plugin);
char *containerd_runtimes_path(const char *plugin);
char *containerd_handler_path(const char *plugin, const char *handler);
