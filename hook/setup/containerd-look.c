/* SPDX-License-Identifier: Apache-2.0 */

/* Does containerd call our runtime, by its config.toml and the imports of that? */

#include "setup/containerd-look.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "setup/containerd-handler.h"
#include "setup/containerd-shim.h"
#include "setup/engines.h"
#include "setup/ours.h"

#include <string.h>

/* Which program does containerd run as the shim? */
static bool find_shim_fault(const struct setup_place *place, const struct containerd_config *config,
			    const struct containerd_wrap *wrap, struct why *why)
{
	const char *path = containerd_value(config, wrap->handler, "runtime_path");
	const char *program =
		path ? path : text(SHIM_PREFIX SHIM_OURS "%s" SHIM_SUFFIX, wrap->shim);
	struct why fault;

	if (setup_is_ours(place, program, PROGRAM_PATH, &fault))
		return false;
	why_set(why, 0, "its shim, %s, %s", quote(program), fault.text);
	return true;
}

/* The same of a program like runc. */
static bool find_runtime_fault(const struct setup_place *place,
			       const struct containerd_config *config, struct why *why)
{
	const char *type = containerd_value(config, SETUP_RUNTIME_NAME, "runtime_type");
	const char *binary = containerd_value(config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY);
	struct why fault;

	if (type && !containerd_is_runc(type))
		why_set(why, 0, "its runtime_type is %s, which has no BinaryName", quote(type));
	else if (!binary)
		why_set(why, 0, "its options have no BinaryName, so it runs runc");
	else if (!setup_is_runtime(place, binary, &fault))
		why_set(why, 0, "its BinaryName, %s, %s", quote(binary), fault.text);
	else if (!type && !containerd_merges(config))
		why_set(why, 0, "it has no runtime_type");
	else
		return false;
	return true;
}

bool containerd_find_fault(const struct setup_place *place, const struct containerd_config *config,
			   const char *handler, struct why *why)
{
	struct containerd_wrap wrap = {0};
	bool found = containerd_is_wrap(config, handler, &wrap)
			     ? find_shim_fault(place, config, &wrap, why)
			     : find_runtime_fault(place, config, why);

	containerd_wrap_free(&wrap);
	if (found || containerd_passes_requests(config, handler))
		return found;
	why_set(why, 0,
		"its pod_annotations have no \"io.oci-thin-grow.*\", so pods cannot request a "
		"size");
	return true;
}

/* Our handler is in a file, but another file's table overrides it. */
static void judge_replaced(const struct containerd_config *config, struct setup_view *view)
{
	_cleanup_free_ char *handler = containerd_handler_path(config->plugin, SETUP_RUNTIME_NAME);
	_cleanup_free_ char *plugin = containerd_plugin_path(config->plugin);
	const struct containerd_file *ours =
		handler ? containerd_last_with(&config->files, handler) : NULL;
	const struct containerd_file *last =
		plugin ? containerd_last_with(&config->files, plugin) : NULL;
	char shim[SHIM_NAME_SIZE];

	if (ours && last)
		why_set(&view->missing, 0,
			"%s replaces the section that has the runtime in %s, as containerd 1.x "
			"does "
			"not merge sections: see \"containerd config dump\"",
			last->name, ours->name);
	else
		why_set(&view->missing, 0,
			"the runtime " SETUP_RUNTIME_NAME
			" is not in %s; run \"oci-thin-grow enable containerd\"%s",
			view->file,
			containerd_find_shim(config, shim)
				? text(", for VMs \"oci-thin-grow enable --shim %s containerd\"",
				       shim)
				: "");
}

/* The first fault is what is reported. */
static void judge_handler(const struct setup_place *place, const struct containerd_config *config,
			  const char *handler, struct setup_view *view)
{
	_cleanup_free_ char *path = containerd_handler_path(config->plugin, handler);
	const struct containerd_file *file =
		path ? containerd_last_with(&config->files, path) : NULL;
	struct why fault;

	if (view->state == SETUP_BROKEN)
		return;
	view->state = SETUP_ON;
	if (!containerd_find_fault(place, config, handler, &fault))
		return;
	view->state = SETUP_BROKEN;
	if (strcmp(handler, SETUP_RUNTIME_NAME) != 0) {
		view->in_place = strncmp(handler, SHIM_OURS, strlen(SHIM_OURS)) != 0;
		view->like = strdup(handler + (view->in_place ? 0 : strlen(SHIM_OURS)));
	}
	why_set(&view->missing, 0, "the runtime %s in %s: %s", quote_unless_printable(handler),
		file ? file->name : view->file, fault.text);
}

static void add_shim(const struct containerd_wrap *wrap, struct setup_view *view)
{
	if (view->n_shims < SETUP_MAX_SHIMS)
		memcpy(view->shims[view->n_shims++], wrap->shim, sizeof(wrap->shim));
}

/* All handlers that call us, or the one that a plan is about. */
static void containerd_judge(const struct setup_place *place,
			     const struct containerd_config *config, struct setup_view *view)
{
	const char *only = place->planned ? place->planned->handler : NULL;
	struct containerd_wrap wrap;

	view->wraps = containerd_has_handler(config, SETUP_RUNTIME_NAME);
	view->who = strcmp(containerd_default(config), SETUP_RUNTIME_NAME) == 0
			    ? NULL
			    : "that name its runtime";
	if (config->is_cri_disabled) {
		view->state = SETUP_NO_ENGINE;
		return;
	}
	if (view->wraps && (!only || strcmp(only, SETUP_RUNTIME_NAME) == 0))
		judge_handler(place, config, SETUP_RUNTIME_NAME, view);
	for (size_t at = 0; containerd_next_wrap(&config->view, config->runtimes, &at, &wrap);) {
		add_shim(&wrap, view);
		if (!only || strcmp(only, wrap.handler) == 0)
			judge_handler(place, config, wrap.handler, view);
		containerd_wrap_free(&wrap);
	}
	if (view->state == SETUP_OFF)
		judge_replaced(config, view);
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
