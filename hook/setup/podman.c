/* SPDX-License-Identifier: Apache-2.0 */

/*
 * podman: a hooks.d file. Where it looks for such is said by hooks_dir in containers.conf(5); its
 * default is the one folder below /usr/share, although oci-hooks(5) names one below /etc, too.
 */

#include "base/cleanup.h"
#include "setup/hooksd.h"
#include "setup/toml.h"

#define KEY "engine" TOML_SEP "hooks_dir"

static int read_folders(const struct setup_place *place, struct conf_list *list, struct why *why)
{
	static const char *const files[] = {"/usr/share/containers/containers.conf",
					    "/etc/containers/containers.conf"};
	_cleanup_free_ char *folder = setup_path(place, "/etc/containers/containers.conf.d");
	int r = 0;

	if (place->file)
		return conf_read(place->file, KEY, list, why);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
		_cleanup_free_ char *path = setup_path(place, files[i]);

		r = path ? conf_read(path, KEY, list, why) : why_set(why, ENOMEM, "out of memory");
	}
	if (r == 0 && !folder)
		r = why_set(why, ENOMEM, "out of memory");
	return r < 0 ? r : conf_read_folder(folder, ".conf", NULL, KEY, list, why);
}

static int look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(conf_free) struct conf_list folders = {0};
	int r = read_folders(place, &folders, why);

	return r < 0 ? r : hooksd_look(place, &folders, "podman", view, why);
}

static int plan_podman(const struct setup_place *place, const struct setup_options *options,
		       struct setup_plan *plan, struct why *why)
{
	_cleanup_(conf_free) struct conf_list folders = {0};
	int r = read_folders(place, &folders, why);

	if (r == 0)
		r = hooksd_plan(place, &folders, options->disable, plan, why);
	plan->then = "nothing: podman reads it for each container";
	return r;
}

const struct setup_engine setup_podman = {
	.name = "podman",
	.program = "podman",
	.look = look,
	.plan = plan_podman,
};
