/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Our handler as text: a copy of another one with what makes it ours. Pure. */

#include "setup/containerd-config.h"

/* The line above what enable adds. Disable does not look for it, but removes it with what it adds.
 */
#define CONTAINERD_COMMENT "# oci-thin-grow: removed by \"oci-thin-grow disable containerd\""

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
 * The handler config->ours, a copy of config->like, to be freed: tables with their headers, or the
 * value of its key if the table of handlers is in braces.
 */
char *containerd_handler_text(const struct containerd_config *config,
			      const struct containerd_wish *wish, bool in_braces);
