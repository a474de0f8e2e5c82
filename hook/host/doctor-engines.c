/* SPDX-License-Identifier: Apache-2.0 */

/* Do the engines of this host call the program? */

#include "base/count.h"
#include "base/text.h"
#include "host/doctor.h"

#include "base/cleanup.h"
#include "setup/setup.h"

#include <string.h>
#include <unistd.h>

/* What is on the host if the engine is in use; that its program is there says little. */
static const struct sign {
	const char *engine, *path;
} signs[] = {
	{"docker", "/var/lib/docker"},
	{"docker", "/run/docker.sock"},
	{"containerd", "/var/lib/containerd/io.containerd.snapshotter.v1.devmapper"},
	{"podman", "/var/lib/containers/storage/devicemapper"},
	{"crio", "/run/crio/crio.sock"},
	{"crio", "/var/lib/crio"},
};

static bool is_in_use(const struct doctor *doctor, const char *engine)
{
	for (size_t i = 0; i < doctor->containers.n; i++) {
		if (strcmp(doctor->containers.containers[i].engine, engine) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT(signs); i++) {
		if (strcmp(signs[i].engine, engine) == 0 && access(signs[i].path, F_OK) == 0)
			return true;
	}
	return false;
}

/* Would `enable` do it? If not, why not. */
static bool would_enable(const struct setup_place *place, const char *engine, struct why *why)
{
	const struct setup_options options = {.by_default = strcmp(engine, "docker") == 0};
	struct setup_place after = *place;
	struct setup_plan plan;
	struct setup_view view;
	bool on;

	if (setup_plan(place, engine, &options, &plan, why) < 0)
		return false;
	after.planned = &plan;
	on = setup_look(&after, engine, &view, why) == 0;
	if (on) {
		on = view.state == SETUP_ON;
		*why = view.missing;
		setup_view_free(&view);
	}
	setup_plan_free(&plan);
	return on;
}

static char *enable_command(const char *engine, const struct setup_place *place)
{
	_cleanup_free_ char *file = place->file ? finding_word(place->file) : NULL;

	if (!place->file)
		return text_new("oci-thin-grow enable %s", engine);
	return file ? text_new("oci-thin-grow enable --file %s %s", file, engine) : NULL;
}

static void tell_missing(struct doctor *doctor, const char *engine, const struct setup_view *view)
{
	const struct setup_place place = {.file = view->elsewhere ? view->file : NULL};
	bool broken = view->state == SETUP_BROKEN;
	struct why why;
	bool can = would_enable(&place, engine, &why);
	/* The same fault is not told twice. */
	const char *cause = can || strcmp(why.text, view->missing.text) == 0 ? "" : why.text;

	findings_add(
		&doctor->findings, broken ? SEVERITY_BROKEN : SEVERITY_WARNING, "engine", engine,
		text_new("%s does not call the program: %s", engine, view->missing.text),
		text_new("the sizes that its containers ask for have no effect%s%s",
			 *cause ? "; \"oci-thin-grow enable\" cannot change that: " : "", cause),
		can ? enable_command(engine, &place) : NULL);
}

static void tell(struct doctor *doctor, const char *engine, const struct setup_view *view)
{
	if (view->state == SETUP_ON)
		findings_add(&doctor->findings, SEVERITY_OK, "engine", engine,
			     text_new("%s calls the program, by %s%s%s", engine, view->file,
				      view->who ? ", for containers " : "",
				      view->who ? view->who : ""),
			     NULL, NULL);
	else if (view->state != SETUP_NO_ENGINE)
		tell_missing(doctor, engine, view);
}

void doctor_engines(struct doctor *doctor)
{
	const struct setup_place here = {0};

	for (size_t i = 0; setup_engines[i]; i++) {
		const char *engine = setup_engines[i];
		struct setup_view view;
		struct why why;

		if (!is_in_use(doctor, engine))
			continue;
		if (setup_look(&here, engine, &view, &why) < 0) {
			findings_add(&doctor->findings, SEVERITY_BROKEN, "engine", engine,
				     text_new("%s: %s", engine, why.text),
				     text_new("whether it calls the program cannot be told, "
					      "and the engine may not start with that file"),
				     NULL);
			continue;
		}
		doctor->wraps |= view.state == SETUP_ON && view.wraps;
		tell(doctor, engine, &view);
		setup_view_free(&view);
	}
}
