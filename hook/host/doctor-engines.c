/* SPDX-License-Identifier: Apache-2.0 */

/* Do the engines of this host call the program? */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/setup.h"

#include <string.h>

/* Does this host use @engine with thin devices? Otherwise enabling it would have no effect. */
static bool is_in_use(const struct doctor *doctor, const struct setup_engine *engine)
{
	const struct setup_place here = {0};

	for (size_t i = 0; i < doctor->containers.n; i++) {
		const struct engine_container *container = &doctor->containers.containers[i];

		if (container->device && strcmp(container->engine, engine->name) == 0)
			return true;
	}
	return setup_has_sign(&here, engine);
}

/* Would `enable` make the engine call the program? If not, @why. */
static bool would_enable(const struct setup_place *place, const struct setup_engine *engine,
			 struct why *why)
{
	const struct setup_options options = {.by_default = engine->by_default};
	struct setup_plan plan;
	bool on;

	if (setup_plan(place, engine->name, &options, &plan, why) < 0)
		return false;
	on = plan.after == SETUP_ON;
	*why = plan.missing;
	setup_plan_free(&plan);
	return on;
}

static char *enable_command(const char *engine, const struct setup_place *place)
{
	_cleanup_free_ char *file = place->file ? quote_word(place->file) : NULL;

	if (!place->file)
		return text_new("oci-thin-grow enable %s", engine);
	return file ? text_new("oci-thin-grow enable --file %s %s", file, engine) : NULL;
}

static void report_missing(struct doctor *doctor, const struct setup_engine *row,
			   const struct setup_view *view)
{
	const char *engine = row->name;
	const struct setup_place place = {.file = view->elsewhere ? view->file : NULL};
	bool broken = view->state == SETUP_BROKEN;
	struct why why;
	bool can = would_enable(&place, row, &why);
	/* Do not report the same fault twice. */
	const char *cause = can || strcmp(why.text, view->missing.text) == 0 ? "" : why.text;

	findings_add(
		&doctor->findings, broken ? SEVERITY_BROKEN : SEVERITY_WARNING, "engine", engine,
		text_new("%s does not call the program: %s", engine, view->missing.text),
		text_new("the sizes that its containers ask for have no effect%s%s",
			 *cause ? "; \"oci-thin-grow enable\" cannot change that: " : "", cause),
		can ? enable_command(engine, &place) : NULL);
}

static void report_engine(struct doctor *doctor, const struct setup_engine *row,
			  const struct setup_view *view)
{
	const char *engine = row->name;

	if (view->state == SETUP_ON)
		findings_add(&doctor->findings, SEVERITY_OK, "engine", engine,
			     text_new("%s calls the program, by %s%s%s", engine, view->file,
				      view->who ? ", for containers " : "",
				      view->who ? view->who : ""),
			     NULL, NULL);
	else if (view->state != SETUP_NO_ENGINE)
		report_missing(doctor, row, view);
}

void doctor_engines(struct doctor *doctor)
{
	const struct setup_place here = {0};

	for (const struct setup_engine *row = setup_engines; row->name; row++) {
		const char *engine = row->name;
		struct setup_view view;
		struct why why;

		if (!is_in_use(doctor, row))
			continue;
		if (setup_look(&here, engine, &view, &why) < 0) {
			findings_add(&doctor->findings, SEVERITY_BROKEN, "engine", engine,
				     text_new("%s: %s", engine, why.text),
				     text_new("the engine itself may not start with that file"),
				     NULL);
			continue;
		}
		doctor->wraps |= view.state == SETUP_ON && view.wraps;
		report_engine(doctor, row, &view);
		setup_view_free(&view);
	}
}
