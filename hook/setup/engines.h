/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the engines of setup/setup.h have in common, and what each has. */

#include "setup/change.h"
#include "setup/place.h"

struct setup_engine {
	const char *name;
	const char *program; /* its daemon's or its own name, found in the usual directories */
	int (*look)(const struct setup_place *place, struct setup_view *ret, struct why *why);
	int (*plan)(const struct setup_place *place, const struct setup_options *options,
		    struct setup_plan *plan, struct why *why);
};

extern const struct setup_engine setup_docker, setup_containerd, setup_podman, setup_crio;

/*
 * Does @path lead to the program that is installed as @installed? If not, the reason is what comes
 * after its name: "is no program", "is another program than ...".
 */
bool setup_is_ours(const struct setup_place *place, const char *path, const char *installed,
		   struct why *why);
/* Does an engine that calls @path call our runtime? */
bool setup_is_runtime(const struct setup_place *place, const char *path, struct why *why);
