/* SPDX-License-Identifier: Apache-2.0 */

/* podman: a JSON file in one of the folders from which it takes hooks (oci-hooks(5)). */

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"
#include "oci/json.h"
#include "setup/engine.h"

#include <fcntl.h>
#include <string.h>

#define SHIPPED	  "/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json"
#define MAX_BYTES (64UL * 1024)

static void cleanup_doc(struct json_doc **doc)
{
	json_free(*doc);
}

static int look_at_hook(const struct setup_place *place, const struct json *root,
			struct setup_view *view, struct why *why)
{
	const struct json *hook = NULL;
	const char *path = NULL;
	int r = json_member(root, "hook", JSON_OBJECT, &hook, why);

	if (r > 0 && hook)
		r = json_string(hook, "path", &path, why);
	if (r < 0)
		return r;
	if (path && setup_is_program(place, path)) {
		view->state = SETUP_ON;
		view->by_default = true;
		return 0;
	}
	view->state = SETUP_BROKEN;
	why_set(&view->missing, 0, "%s of the hook in %s is no program",
		path ? quote(path) : "the path", view->file);
	return 0;
}

static int look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(cleanup_doc) struct json_doc *doc = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	view->file = setup_path(place, SHIPPED);
	if (!view->file)
		return why_set(why, ENOMEM, "out of memory");
	r = file_read_at(AT_FDCWD, view->file, MAX_BYTES, &text, &len);
	if (r == -ENOENT) {
		why_set(&view->missing, 0, "there is no %s; run \"oci-thin-grow enable podman\"",
			view->file);
		return 0;
	}
	if (r < 0)
		return why_set(why, -r, "%s: %s", view->file, strerror(-r));
	r = json_parse(text, len, &doc, why);
	if (r == 0)
		r = look_at_hook(place, json_root(doc), view, why);
	return r < 0 ? why_prefix(why, r, view->file) : 0;
}

const struct setup_engine setup_podman = {
	.name = "podman",
	.program = "podman",
	.look = look,
};
