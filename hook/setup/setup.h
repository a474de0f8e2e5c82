/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How the program is hooked into the engines: which file of which engine must say what. Nothing
 * here talks to an engine or starts a program: these are files only.
 */

#include "base/why.h"

#include <stdbool.h>

#define SETUP_RUNTIME_NAME "oci-thin-grow"
#define SETUP_RUNTIME_PATH "/usr/sbin/oci-thin-grow-runtime"
#define SETUP_HOOK_PATH	   "/usr/libexec/oci/hooks.d/oci-thin-grow"

/* Where things are. All zero: on this host. */
struct setup_place {
	const char *root; /* put before every path but @file; NULL: "" */
	const char *file; /* the engine's own configuration file, if it is not the usual one */
};

enum setup_state {
	SETUP_NO_ENGINE, /* the engine's program is not there */
	SETUP_OFF,	 /* it is, and nothing of ours is in its configuration */
	SETUP_BROKEN,	 /* something of ours is, but not all, or it does not fit */
	SETUP_ON,
};

struct setup_view {
	enum setup_state state;
	bool by_default;    /* ON: for every container, not only for those that name our runtime */
	char *file;	    /* that hooks the program in, or would; never NULL */
	struct why missing; /* OFF and BROKEN: what is missing and what to do; else empty */
};

/* The engines' names, in the order in which they are shown; NULL behind the last one. */
extern const char *const setup_engines[];

/*
 * How it stands with @engine. 0; -ENOENT: we know no such engine; -EINVAL: a file of its
 * configuration cannot be understood; -errno. With a reason that names the file.
 */
int setup_look(const struct setup_place *place, const char *engine, struct setup_view *ret,
	       struct why *why);
void setup_view_free(struct setup_view *view);
