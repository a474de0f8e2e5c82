/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/setup.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "setup/engine.h"

#include <string.h>
#include <unistd.h>

static const struct setup_engine *const engines[] = {&setup_docker, &setup_containerd,
						     &setup_podman, &setup_crio};

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

const char *const setup_engines[] = {"docker", "containerd", "podman", "crio", NULL};

/* Where distributions and the engines' own packages put programs. */
static const char *const program_folders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin",
					      "/usr/local/sbin"};

char *setup_path(const struct setup_place *place, const char *path)
{
	char *whole;

	return asprintf(&whole, "%s%s", place->root ? place->root : "", path) < 0 ? NULL : whole;
}

bool setup_is_program(const struct setup_place *place, const char *path)
{
	_cleanup_free_ char *whole = setup_path(place, path);

	return whole && access(whole, X_OK) == 0;
}

static bool engine_is_here(const struct setup_place *place, const char *program)
{
	for (size_t i = 0; i < sizeof(program_folders) / sizeof(program_folders[0]); i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", program_folders[i], program) < 0)
			return false;
		if (setup_is_program(place, path))
			return true;
	}
	return false;
}

static const struct setup_engine *find_engine(const char *name)
{
	for (size_t i = 0; i < ENGINES; i++) {
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	}
	return NULL;
}

int setup_look(const struct setup_place *place, const char *engine, struct setup_view *ret,
	       struct why *why)
{
	const struct setup_engine *found = find_engine(engine);
	struct setup_view view = {.state = SETUP_OFF};
	int r;

	if (!found)
		return why_set(why, ENOENT, "no engine is called %s", quote(engine));
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

int setup_plan(const struct setup_place *place, const char *engine,
	       const struct setup_options *options, struct setup_plan *ret, struct why *why)
{
	const struct setup_engine *found = find_engine(engine);
	struct setup_plan plan = {0};
	int r;

	if (!found)
		return why_set(why, ENOENT, "no engine is called %s", quote(engine));
	r = found->plan(place, options, &plan, why);
	if (r < 0) {
		setup_plan_free(&plan);
		return r;
	}
	if (!options->disable && !engine_is_here(place, found->program))
		plan_note(&plan, "there is no %s on this host yet", found->program);
	*ret = plan;
	return 0;
}

void setup_view_free(struct setup_view *view)
{
	free(view->file);
	view->file = NULL;
}
