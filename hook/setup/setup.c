/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/setup.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "setup/engines.h"

#include <string.h>
#include <unistd.h>

static const struct setup_engine *const engines[] = {&setup_docker, &setup_containerd,
						     &setup_podman, &setup_crio};

const char *const setup_engines[] = {"docker", "containerd", "podman", "crio", NULL};

bool setup_is_ours(const struct setup_place *place, const char *path, const char *installed,
		   struct why *why)
{
	_cleanup_free_ char *program = place_find_program(place, path),
			    *ours = place_find_program(place, installed);

	if (!program)
		why_set(why, 0, "is no program");
	else if (!ours)
		why_set(why, 0, "is not %s, which is not installed", installed);
	else if (strcmp(program, ours) != 0)
		why_set(why, 0, "is another program than %s", installed);
	else
		return true;
	return false;
}

bool setup_is_runtime(const struct setup_place *place, const char *path, struct why *why)
{
	const char *slash = strrchr(path, '/'), *name = strrchr(RUNTIME_PATH, '/') + 1;

	if (!setup_is_ours(place, path, RUNTIME_PATH, why))
		return false;
	if (strcmp(slash ? slash + 1 : path, name) == 0)
		return true;
	why_set(why, 0, "does not end in %s, by which it knows that it is a runtime", name);
	return false;
}

static bool engine_is_here(const struct setup_place *place, const char *program)
{
	_cleanup_free_ char *path = place_find_program(place, program);

	return path != NULL;
}

static const struct setup_engine *find_engine(const char *name)
{
	for (size_t i = 0; i < COUNT(engines); i++) {
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

/* What would still be wrong afterwards is not to be called done. */
static int check_plan(const struct setup_place *place, const struct setup_engine *engine,
		      const struct setup_plan *plan, struct why *why)
{
	struct setup_place after = *place;
	struct setup_view view = {0};
	int r;

	after.planned = plan;
	r = setup_look(&after, engine->name, &view, why);
	if (r < 0)
		return r;
	if (view.state == SETUP_BROKEN)
		r = why_set(why, EINVAL, "%s", view.missing.text);
	setup_view_free(&view);
	return r;
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
	if (r == 0 && !options->disable)
		r = check_plan(place, found, &plan, why);
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
