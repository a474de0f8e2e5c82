/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Adds our handler to the text of a file of containerd's, or removes it; other bytes stay. Pure. */

#include "setup/containerd-config.h"
#include "setup/edit.h"

/* The line above what enable adds. Disable does not look for it, but removes it with what it adds.
 */
#define CONTAINERD_COMMENT "# oci-thin-grow: removed by \"oci-thin-grow disable containerd\""

/* The first line of a file that enable created. */
#define CONTAINERD_MADE "# made by \"oci-thin-grow enable containerd\"\n"

struct containerd_wish {
	const char *snapshotter; /* NULL: as that one's */
	bool by_default;	 /* ours is to be the default */
	bool with_runc;		 /* runc's handler, too, which is lost otherwise */
};

/* What pod_annotations must have; the last one is NULL. */
extern const char *const containerd_our_patterns[];

/* These, and those of the handler @like, as an array of TOML; to be freed. */
char *containerd_annotations(const struct containerd_config *config, const char *like);

/* Do its pod_annotations let through what pods ask by? */
bool containerd_passes_requests(const struct containerd_config *config, const char *handler);

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
	bool is_known;	  /* else the tables around our handler stay */
	const char *text; /* the caller's; NULL: there was no file, or it is unknown */
	struct toml toml;
};

/*
 * Removes the handler that runs our runtime from the text @t, and what only it needed. *ret_found
 * is set if there was something of ours.
 */
int containerd_strip(struct edit_text *t, const struct containerd_before *before, bool *ret_found,
		     struct why *why);

/* Removes the import @import, as it is written in @t. */
int containerd_strip_import(struct edit_text *t, const struct containerd_before *before,
			    const char *import, struct why *why);
