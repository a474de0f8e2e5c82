/* SPDX-License-Identifier: Apache-2.0 */

/* Do the engines of this host call the program? */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "job/real-shim.h"
#include "setup/change.h"
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
			 const struct setup_view *view, struct why *why)
{
	const struct setup_options options = {
		.by_default = engine->by_default, .like = view->like, .in_place = view->in_place};
	struct setup_plan plan;
	bool on;

	if (setup_plan(place, engine->name, &options, &plan, why) < 0)
		return false;
	on = plan.after == SETUP_ON;
	*why = plan.missing;
	setup_plan_free(&plan);
	return on;
}

/* NULL: a name in it is not for a terminal. */
static char *enable_command(const char *engine, const struct setup_view *view)
{
	_cleanup_free_ char *file = view->elsewhere ? quote_word(view->file) : NULL,
			    *like = view->like ? quote_word(view->like) : NULL;

	if ((view->elsewhere && !file) || (view->like && !like))
		return NULL;
	return text_new("oci-thin-grow enable%s%s%s%s%s %s", file ? " --file " : "",
			file ? file : "", like ? " --like " : "", like ? like : "",
			view->in_place ? " --in-place" : "", engine);
}

static void report_missing(struct doctor *doctor, const struct setup_engine *row,
			   const struct setup_view *view)
{
	const char *engine = row->name;
	const struct setup_place place = {.file = view->elsewhere ? view->file : NULL};
	bool broken = view->state == SETUP_BROKEN;
	struct why why;
	bool can = would_enable(&place, row, view, &why);
	/* Do not report the same fault twice. */
	const char *cause = can || strcmp(why.text, view->missing.text) == 0 ? "" : why.text;

	findings_add(
		&doctor->findings, broken ? SEVERITY_BROKEN : SEVERITY_WARNING, "engine", engine,
		text_new("%s does not call the program: %s", engine, view->missing.text),
		text_new("size requests of its containers have no effect%s%s",
			 *cause ? "; \"oci-thin-grow enable\" cannot change that: " : "", cause),
		can ? enable_command(engine, view) : NULL);
}

/* Does the daemon add the hook to those of its pods' containers that request a size? */
static bool is_asked_by_nri(const struct doctor *doctor, const char *engine)
{
	return doctor->nri && strcmp(doctor->nri, engine) == 0;
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
	else if (view->state == SETUP_OFF && is_asked_by_nri(doctor, engine))
		findings_add(&doctor->findings, SEVERITY_OK, "engine", engine,
			     text_new("%s calls the program by NRI, for pods", engine), NULL, NULL);
	else if (view->state != SETUP_NO_ENGINE)
		report_missing(doctor, row, view);
}

/* What our wrappers become, where a handler calls them. */
static void check_shims(struct doctor *doctor, const struct setup_view *view)
{
	for (size_t i = 0; i < view->n_shims; i++) {
		_cleanup_free_ char *path = NULL;
		struct why why;

		if (real_shim_find(doctor->policy, view->shims[i], real_shim_dirs, NULL, &path,
				   &why) == 0)
			continue;
		findings_add(&doctor->findings, SEVERITY_BROKEN, "shim", view->shims[i],
			     text_new("%s", why.text),
			     text_new("no container of its handler starts or stops: install it, or "
				      "set \"shims\" in the configuration"),
			     NULL);
	}
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
		check_shims(doctor, &view);
		setup_view_free(&view);
	}
}
