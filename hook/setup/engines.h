/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The functions of each engine, for the table in setup.c; each in ENGINE.c or ENGINE-*.c. */

#include "setup/setup.h"

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
