/* SPDX-License-Identifier: Apache-2.0 */

/*
 * podman: a hooks.d file, in a directory of hooks_dir (containers.conf(5)). The default is the one
 * below /usr/share; the one below /etc is read as well only if hooks_dir is an empty list.
 */

#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "setup/engines.h"
#include "setup/hooksd.h"
#include "setup/toml.h"

#include <string.h>

#define KEY		   "engine" TOML_SEP "hooks_dir"
#define OVERRIDE_DIRECTORY "/etc/containers/oci/hooks.d"
#define DROP_INS	   "/etc/containers/containers.conf.d"

static int read_files(const struct setup_place *place, struct conf_list *list, struct why *why)
{
	static const char *const files[] = {"/usr/share/containers/containers.conf",
					    "/etc/containers/containers.conf"};
	_cleanup_free_ char *drop_ins = place_name(place, DROP_INS);
	int r = 0;

	if (place->file)
		return conf_read(place, place->file, KEY, list, why);
	for (size_t i = 0; r == 0 && i < COUNT(files); i++) {
		_cleanup_free_ char *name = place_name(place, files[i]);

		r = name ? conf_read(place, name, KEY, list, why) : why_no_memory(why);
	}
	if (r == 0 && !drop_ins)
		r = why_no_memory(why);
	return r < 0 ? r : conf_read_directory(place, drop_ins, KEY, list, why);
}

static int podman_directories(const struct setup_place *place, struct conf_list *list,
			      struct why *why)
{
	int r = conf_add(list, HOOKSD_DIRECTORY) < 0 ? why_no_memory(why)
						     : read_files(place, list, why);

	if (r == 0 && list->n == 0 &&
	    (conf_add(list, HOOKSD_DIRECTORY) < 0 || conf_add(list, OVERRIDE_DIRECTORY) < 0))
		r = why_no_memory(why);
	return r;
}

int podman_look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(conf_free) struct conf_list directories = {0};
	int r = podman_directories(place, &directories, why);

	return r < 0 ? r : hooksd_look(place, &directories, ENGINE_PODMAN, view, why);
}

int podman_plan(const struct setup_place *place, const struct setup_options *options,
		struct setup_plan *plan, struct why *why)
{
	_cleanup_(conf_free) struct conf_list directories = {0};
	int r = podman_directories(place, &directories, why);

	if (r == 0)
		r = hooksd_plan(place, &directories, options->disable, plan, why);
	plan->then = "nothing: podman reads it for each container";
	return r;
}
