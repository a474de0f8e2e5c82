/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/setup.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "setup/change.h"
#include "setup/conf.h"
#include "setup/engines.h"
#include "setup/toml.h"

#include <string.h>
#include <unistd.h>

#define STORAGE_DISKS "/var/lib/containers/storage/devicemapper"

const struct setup_engine setup_engines[] = {
	{
		.name = ENGINE_DOCKER,
		.program = "dockerd",
		.signs = {"/var/lib/docker", "/run/docker.sock"},
		.options = {"no-default", "force", "keep-runtime", "runtime", "no-check"},
		.by_default = true,
		.look = docker_look,
		.plan = docker_plan,
	},
	{
		.name = ENGINE_CONTAINERD,
		.program = "containerd",
		.signs = {"/var/lib/containerd/io.containerd.snapshotter.v1.devmapper"},
		.options = {"default", "like", "shim", "in-place", "snapshotter", "runtime",
			    "no-check", "force"},
		.look = containerd_look,
		.plan = containerd_plan,
	},
	{
		.name = ENGINE_PODMAN,
		.program = "podman",
		.signs = {STORAGE_DISKS},
		.uses_storage = true,
		.look = podman_look,
		.plan = podman_plan,
	},
	{
		.name = ENGINE_CRIO,
		.program = "crio",
		.signs = {"/run/crio/crio.sock", "/var/lib/crio"},
		.uses_storage = true,
		.look = crio_look,
		.plan = crio_plan,
	},
	{.name = NULL},
};

static bool engine_is_here(const struct setup_place *place, const char *program)
{
	_cleanup_free_ char *path = place_find_program(place, program);

	return path != NULL;
}

const struct setup_engine *setup_find_engine(const char *name)
{
	for (const struct setup_engine *engine = setup_engines; engine->name; engine++) {
		if (strcmp(engine->name, name) == 0)
			return engine;
	}
	return NULL;
}

static bool has(const struct setup_place *place, const char *path)
{
	_cleanup_free_ char *name = place_name(place, path);

	return name && place_has(place, name);
}

/* The driver that storage.conf names; NULL: none, so the one whose directory exists is used. */
static char *storage_driver(const struct setup_place *place)
{
	static const char *const files[] = {"/etc/containers/storage.conf",
					    "/usr/share/containers/storage.conf"};

	/* Only the first that exists is read. */
	for (size_t i = 0; i < COUNT(files); i++) {
		_cleanup_free_ char *name = place_name(place, files[i]);

		if (name && place_has(place, name))
			return conf_string(place, name, "storage" TOML_SEP "driver");
	}
	return NULL;
}

/*
 * CRI-O 1.31 and later, and podman 5, have no driver that creates the directory. It stays behind
 * when a host changes to another driver.
 */
static bool storage_is_thin(const struct setup_place *place)
{
	_cleanup_free_ char *driver = NULL;

	if (!has(place, STORAGE_DISKS))
		return false;
	driver = storage_driver(place);
	return !driver || !*driver || strcmp(driver, "devicemapper") == 0;
}

bool setup_has_sign(const struct setup_place *place, const struct setup_engine *engine)
{
	if (engine->uses_storage && !storage_is_thin(place))
		return false;
	for (const char *const *sign = engine->signs; *sign; sign++) {
		if (has(place, *sign))
			return true;
	}
	return false;
}

int setup_look(const struct setup_place *place, const char *engine, struct setup_view *ret,
	       struct why *why)
{
	const struct setup_engine *found = setup_find_engine(engine);
	struct setup_view view = {.state = SETUP_OFF};
	int r;

	if (!found)
		return why_set(why, ENOENT, "unknown engine %s", quote(engine));
	r = found->look(place, &view, why);
	if (r < 0) {
		setup_view_free(&view);
		return r;
	}
	if (view.state == SETUP_OFF && !engine_is_here(place, found->program)) {
		view.state = SETUP_NO_ENGINE;
		view.missing.text[0] = '\0';
	}
	*ret = view;
	return 0;
}

/* Refuses a plan after which the engine would still not call us. */
static int look_after(const struct setup_place *place, const struct setup_engine *engine,
		      struct setup_plan *plan, struct why *why)
{
	struct setup_place after = *place;
	struct setup_view view = {0};
	int r;

	after.planned = plan;
	r = setup_look(&after, engine->name, &view, why);
	if (r < 0)
		return r;
	plan->after = view.state;
	plan->missing = view.missing;
	if (view.state == SETUP_BROKEN)
		r = why_set(why, EINVAL, "%s", view.missing.text);
	setup_view_free(&view);
	return r;
}

int setup_plan(const struct setup_place *place, const char *engine,
	       const struct setup_options *options, struct setup_plan *ret, struct why *why)
{
	const struct setup_engine *found = setup_find_engine(engine);
	struct setup_plan plan = {0};
	int r;

	if (!found)
		return why_set(why, ENOENT, "unknown engine %s", quote(engine));
	r = found->plan(place, options, &plan, why);
	if (r == 0 && !options->disable)
		r = look_after(place, found, &plan, why);
	if (r < 0) {
		setup_plan_free(&plan);
		return r;
	}
	if (!options->disable && !engine_is_here(place, found->program))
		change_note(&plan, "there is no %s on this host yet", found->program);
	*ret = plan;
	return 0;
}

void setup_view_free(struct setup_view *view)
{
	free(view->file);
	free(view->like);
	view->file = view->like = NULL;
}
