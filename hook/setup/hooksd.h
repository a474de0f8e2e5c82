/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The JSON file in a directory of OCI hooks (oci-hooks(5)), which podman and CRI-O share. */

#include "setup/conf.h"

#define HOOKSD_DIRECTORY "/usr/share/containers/oci/hooks.d"
#define HOOKSD_NAME	 "50-oci-thin-grow.json"

/* Its text as enable writes it: config/hooks.d/50-oci-thin-grow.json. */
extern const char hooksd_text[];

/*
 * What setup_look() and setup_plan() do, for this file. @directories: all that the engine reads, in
 * ascending precedence.
 */
int hooksd_look(const struct setup_place *place, const struct conf_list *directories,
		const char *engine, struct setup_view *view, struct why *why);
int hooksd_plan(const struct setup_place *place, const struct conf_list *directories, bool disable,
		struct setup_plan *plan, struct why *why);
