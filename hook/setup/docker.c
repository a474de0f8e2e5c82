/* SPDX-License-Identifier: Apache-2.0 */

/* Docker: a runtime of our own in daemon.json, and that as the default. */

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"
#include "oci/json.h"
#include "setup/engine.h"

#include <fcntl.h>
#include <string.h>

#define CONFIG	  "/etc/docker/daemon.json"
#define MAX_BYTES (1UL << 20)

static void cleanup_doc(struct json_doc **doc)
{
	json_free(*doc);
}

/* Judges the path of our runtime. */
static int look_at_runtime(const struct setup_place *place, const struct json *runtimes,
			   struct setup_view *view, struct why *why)
{
	const struct json *runtime = NULL;
	const char *path = NULL;
	int r = json_member(runtimes, SETUP_RUNTIME_NAME, JSON_OBJECT, &runtime, why);

	if (r <= 0 || !runtime)
		return r;
	r = json_string(runtime, "path", &path, why);
	if (r < 0)
		return r;
	if (r == 0 || !path) {
		why_set(&view->missing, 0, "its runtime " SETUP_RUNTIME_NAME " has no path");
		view->state = SETUP_BROKEN;
	} else if (!setup_is_program(place, path)) {
		why_set(&view->missing, 0, "%s of its runtime " SETUP_RUNTIME_NAME " is no program",
			quote(path));
		view->state = SETUP_BROKEN;
	} else {
		view->state = SETUP_ON;
	}
	return 1;
}

static int look_at_config(const struct setup_place *place, const struct json *config,
			  struct setup_view *view, struct why *why)
{
	const struct json *runtimes = NULL;
	const char *by_default = NULL;
	int r = json_member(config, "runtimes", JSON_OBJECT, &runtimes, why);

	if (r > 0 && runtimes)
		r = look_at_runtime(place, runtimes, view, why);
	if (r < 0 || json_string(config, "default-runtime", &by_default, why) < 0)
		return -EINVAL;
	view->by_default = by_default && strcmp(by_default, SETUP_RUNTIME_NAME) == 0;
	if (view->by_default && view->state == SETUP_OFF) {
		why_set(&view->missing, 0,
			"its default-runtime is " SETUP_RUNTIME_NAME
			", which is not among its runtimes");
		view->state = SETUP_BROKEN;
	} else if (view->state == SETUP_OFF) {
		why_set(&view->missing, 0,
			"the runtime is not in %s; run \"oci-thin-grow enable "
			"docker\"",
			view->file);
	}
	return 0;
}

static int look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(cleanup_doc) struct json_doc *doc = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	view->file = place->file ? strdup(place->file) : setup_path(place, CONFIG);
	if (!view->file)
		return why_set(why, ENOMEM, "out of memory");
	r = file_read_at(AT_FDCWD, view->file, MAX_BYTES, &text, &len);
	if (r == -ENOENT) {
		why_set(&view->missing, 0, "there is no %s; run \"oci-thin-grow enable docker\"",
			view->file);
		return 0;
	}
	if (r < 0)
		return why_set(why, -r, "%s: %s", view->file, strerror(-r));
	r = json_parse(text, len, &doc, why);
	if (r == 0)
		r = look_at_config(place, json_root(doc), view, why);
	return r < 0 ? why_prefix(why, r, view->file) : 0;
}

const struct setup_engine setup_docker = {
	.name = "docker",
	.program = "dockerd",
	.look = look,
};
