/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What each engine's files offer to the table in setup.c, and what they have in common. */

#include "setup/change.h"
#include "setup/place.h"

/* Rows of the table in setup.c: how it stands with an engine, and what has to change. */
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
 * Does @path lead to the program that is installed as @installed? If not, the reason is what comes
 * after its name: "is missing; reinstall ...", "is another program than ...".
 */
bool setup_is_ours(const struct setup_place *place, const char *path, const char *installed,
		   struct why *why);
/* Does an engine that calls @path call our runtime? */
bool setup_is_runtime(const struct setup_place *place, const char *path, struct why *why);

/*
 * May our runtime take the place of the default runtime @present? Only of runc, or by --force; if
 * not, @instead is what can be done. 0 or -EEXIST.
 */
int setup_check_default(const char *present, bool force, const char *instead, struct why *why);
