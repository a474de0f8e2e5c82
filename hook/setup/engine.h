/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the engines of setup/setup.h have in common, and what each has. */

#include "setup/plan.h"

struct setup_engine {
	const char *name;
	const char *program; /* its daemon's or its own name, found in the usual folders */
	int (*look)(const struct setup_place *place, struct setup_view *ret, struct why *why);
	int (*plan)(const struct setup_place *place, const struct setup_options *options,
		    struct setup_plan *plan, struct why *why);
};

extern const struct setup_engine setup_docker, setup_containerd, setup_podman, setup_crio;

/* @path below the place's root, to be freed; NULL: out of memory. */
char *setup_path(const struct setup_place *place, const char *path);

/* Is there something that may be executed at @path below the place's root? */
bool setup_is_program(const struct setup_place *place, const char *path);
