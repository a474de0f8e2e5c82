/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Adds our handler to the text of a file of containerd's, or removes it; other bytes stay. Pure. */

#include "setup/containerd-handler.h"
#include "setup/edit.h"

/* The first line of a file that enable created. */
#define CONTAINERD_MADE "# made by \"oci-thin-grow enable containerd\"\n"

/*
 * Our handler, config->ours, into the text @t of a file of @config: a new one or, where the text
 * has one, what is wrong with that. -EINVAL, -ENOMEM.
 */
int containerd_put(struct edit_text *t, const struct containerd_config *config,
		   const struct containerd_wish *wish, struct why *why);

/* Adds the import @import to the text @t. -EINVAL: its imports are not an array. */
int containerd_put_import(struct edit_text *t, const char *import, struct why *why);

/* A file as it was before enable. */
struct containerd_before {
	bool is_known;	  /* else what is around our handler stays, unless it is marked as ours */
	const char *text; /* the caller's; NULL: there was no file, or it is unknown */
	struct toml toml;
};

/* default_runtime_name in one file, whatever the plugin's name is; NULL: it has none. */
const struct toml_item *containerd_find_default(const struct toml *toml);

/* Removes the handler from the plugin's table @runtimes, and its platform. */
int containerd_cut_handler(struct edit_text *t, const char *runtimes, const char *handler,
			   struct why *why);

/*
 * Removes the handler that runs our runtime from the text @t, and what only it needed. *ret_found
 * is set if there was something of ours.
 */
int containerd_strip(struct edit_text *t, const struct containerd_before *before, bool *ret_found,
		     struct why *why);

/* Removes the import @import, as it is written in @t. */
int containerd_strip_import(struct edit_text *t, const struct containerd_before *before,
			    const char *import, struct why *why);
