/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The functions of each engine for the table in setup.c, and what they share. */

#include "setup/change.h"
#include "setup/place.h"

/* look and plan of struct setup_engine */
int docker_look(const struct setup_place *place, struct setup_view *ret, struct why *why);
int docker_plan(const struct setup_place *place, const struct setup_options *options,
		struct setup_plan *plan, struct why *why);
int containerd_look(const struct setup_place *place, struct setup_view *ret, struct why *why);
int containerd_plan(const struct setup_place *place, const struct setup_options *options,
		    struct setup_plan *plan, struct why *why);
int podman_look(const struct setup_place *place, struct setup_view *ret, struct why *why);
int podman_plan(const struct setup_place *place, const struct setup_options *options,
		struct setup_plan *plan, struct why *why);
int crio_look(const struct setup_place *place, struct setup_view *ret, struct why *why);
int crio_plan(const struct setup_place *place, const struct setup_options *options,
	      struct setup_plan *plan, struct why *why);

/*
 * Is @path, with links resolved, the program installed as @installed? If not, the reason goes after
 * its name: "is missing; reinstall oci-thin-grow".
 */
bool setup_is_ours(const struct setup_place *place, const char *path, const char *installed,
		   struct why *why);
/* Does an engine that calls @path call our runtime? */
bool setup_is_runtime(const struct setup_place *place, const char *path, struct why *why);

/*
 * May our runtime replace the default runtime @present? Only if that is runc, or with @force;
 * otherwise @instead says what to do. 0 or -EEXIST.
 */
int setup_check_default(const char *present, bool force, const char *instead, struct why *why);
