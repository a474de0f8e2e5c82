/* SPDX-License-Identifier: Apache-2.0 */

/* Does containerd call our runtime, by its config.toml and the imports of that? */

#include "base/cleanup.h"
#include "base/quote.h"
#include "setup/containerd-edit.h"

#include <string.h>

#define RUNC_SHIM "io.containerd.runc.v"

/* What is wrong with our handler; false: nothing. */
static bool find_fault(const struct setup_place *place, const struct containerd_config *config,
		       struct why *why)
{
	const char *type = containerd_value(config, SETUP_RUNTIME_NAME, "runtime_type");
	const char *binary = containerd_value(config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY);
	struct why fault;

	if (type && strncmp(type, RUNC_SHIM, strlen(RUNC_SHIM)) != 0)
		why_set(why, 0, "its runtime_type is %s, which has no BinaryName", quote(type));
	else if (!binary)
		why_set(why, 0, "its options have no BinaryName, so it runs runc");
	else if (!setup_is_runtime(place, binary, &fault))
		why_set(why, 0, "its BinaryName, %s, %s", quote(binary), fault.text);
	else if (!type && !containerd_merges(config))
		why_set(why, 0, "it has no runtime_type");
	else if (!containerd_passes_requests(config, SETUP_RUNTIME_NAME))
		why_set(why, 0,
			"its pod_annotations have no \"io.oci-thin-grow.*\", so pods cannot ask");
	else
		return false;
	return true;
}

/* Our handler is in a file, but another one's table takes the place of that one's. */
static void judge_replaced(const struct containerd_config *config, struct setup_view *view)
{
	_cleanup_free_ char *handler = containerd_handler_path(config->plugin, SETUP_RUNTIME_NAME);
	_cleanup_free_ char *plugin = containerd_plugin_path(config->plugin);
	const struct containerd_file *ours =
		handler ? containerd_last_with(&config->files, handler) : NULL;
	const struct containerd_file *last =
		plugin ? containerd_last_with(&config->files, plugin) : NULL;

	if (ours && last)
		why_set(&view->missing, 0,
			"%s replaces the section that has the runtime in %s, as containerd 1.x "
			"does "
			"not merge sections: see \"containerd config dump\"",
			last->name, ours->name);
	else
		why_set(&view->missing, 0,
			"the runtime " SETUP_RUNTIME_NAME
			" is not in %s; run \"oci-thin-grow enable containerd\"",
			view->file);
}

static void containerd_judge(const struct setup_place *place,
			     const struct containerd_config *config, struct setup_view *view)
{
	_cleanup_free_ char *handler = containerd_handler_path(config->plugin, SETUP_RUNTIME_NAME);
	const struct containerd_file *file =
		handler ? containerd_last_with(&config->files, handler) : NULL;
	struct why fault;

	view->wraps = true;
	view->who = strcmp(containerd_default(config), SETUP_RUNTIME_NAME) == 0
			    ? NULL
			    : "that name its runtime";
	if (config->is_cri_disabled) {
		view->state = SETUP_NO_ENGINE;
	} else if (!containerd_has_handler(config, SETUP_RUNTIME_NAME)) {
		judge_replaced(config, view);
	} else if (find_fault(place, config, &fault)) {
		view->state = SETUP_BROKEN;
		why_set(&view->missing, 0, "the runtime " SETUP_RUNTIME_NAME " in %s: %s",
			file ? file->name : view->file, fault.text);
	} else {
		view->state = SETUP_ON;
	}
}

int containerd_look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	int r;

	view->file = containerd_file_name(place);
	if (!view->file)
		return why_no_memory(why);
	r = containerd_read(place, &config, why);
	if (r == 0)
		containerd_judge(place, &config, view);
	return r;
}
