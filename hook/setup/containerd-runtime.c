/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-runtime.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"

#include <string.h>

#define DROP_IN_DIR CONFIG_DIR "/config.d"

/* The handler's program: where it is, and what to call it; to be freed. */
struct wanted {
	const char *handler;
	const char *word; /* as it is said: a path, or the name that containerd looks for */
	char *real, *path;
};

static void free_wanted(struct wanted *wanted)
{
	free(wanted->real);
	free(wanted->path);
}

static int find_wanted(const struct setup_place *place, const struct containerd_config *config,
		       const struct setup_options *options, struct wanted *ret, struct why *why)
{
	_cleanup_free_ char *root = NULL;
	const char *binary, *inside;

	ret->handler = options->like ? options->like : CONTAINERD_RUNC;
	binary = containerd_value(config, ret->handler, CONTAINERD_BINARY);
	ret->word = options->runtime ? options->runtime : binary ? binary : CONTAINERD_RUNC;
	ret->real = place_find_program(place, ret->word);
	if (!ret->real && options->runtime)
		return why_set(why, EEXIST, "--runtime %s: no such program", quote(ret->word));
	if (!ret->real)
		return why_set(why, EEXIST,
			       "the handler %s runs %s, which is not on this host: say --runtime "
			       "PATH for the program that is to run pods%s",
			       quote(ret->handler), quote(ret->word),
			       "; k3s has one at /var/lib/rancher/k3s/data/current/bin/runc");
	inside = place_inside(place, ret->real, &root);
	ret->path = strdup(ret->word[0] == '/' || !inside ? ret->word : inside);
	return ret->path ? 0 : why_no_memory(why);
}

/* Others call our runtime, too, and it has but one program to become. */
static bool is_shared(const struct setup_place *place)
{
	const struct setup_place host = {.root = place->root};
	struct setup_view view;
	struct why unused;
	bool shared;

	if (setup_look(&host, "docker", &view, &unused) < 0)
		return false;
	shared = view.state == SETUP_ON && view.wraps;
	setup_view_free(&view);
	return shared;
}

static int check_replaced(const struct setup_place *place, const struct setup_options *options,
			  const struct wanted *wanted, struct why *why)
{
	_cleanup_free_ char *now = place_find_program(place, options->runtime_now);
	const char *name = options->runtime_file ? strrchr(options->runtime_file, '/') : NULL;

	if (!options->runtime && now &&
	    (strcmp(options->runtime_now, RUNC_PATH) != 0 || is_shared(place)))
		return why_set(why, EEXIST,
			       "the handler %s runs %s, but our runtime becomes %s (\"runtime\" in "
			       "the configuration): say --runtime with the one that is to count",
			       quote(wanted->handler), quote(wanted->word),
			       quote(options->runtime_now));
	if (name && strstr(options->runtime_file, "/config.d/") &&
	    strcmp(name + 1, CONTAINERD_RUNTIME_FILE) > 0)
		return why_set(why, EEXIST, "%s: has the last word on \"runtime\": say %s there",
			       options->runtime_file, quote(wanted->path));
	return 0;
}

static int write_runtime(const struct setup_place *place, const struct wanted *wanted,
			 struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *name = place_name(place, DROP_IN_DIR "/" CONTAINERD_RUNTIME_FILE);
	struct setup_file *file = NULL;
	char *text;
	int r = name ? change_read(place, name, plan, &file, why) : why_no_memory(why);

	if (r < 0)
		return r;
	if (!quote_is_plain(wanted->path))
		return why_set(why, EEXIST, "--runtime %s: a path with odd characters",
			       quote(wanted->path));
	text = text_new("// made by \"oci-thin-grow enable containerd\": what its handler %s runs\n"
			"{ \"runtime\": \"%s\" }\n",
			quote(wanted->handler), wanted->path);
	if (!text)
		return why_no_memory(why);
	change_set(file, text, strlen(text));
	change_note(plan, "our runtime becomes %s, as the handler %s does", wanted->path,
		    quote(wanted->handler));
	return 0;
}

int containerd_plan_runtime(const struct setup_place *place, const struct containerd_config *config,
			    const struct setup_options *options, struct setup_plan *plan,
			    struct why *why)
{
	_cleanup_(free_wanted) struct wanted wanted = {0};
	_cleanup_free_ char *now = NULL;
	struct why unused;
	int r;

	if (!options->runtime_now)
		return 0;
	now = place_find_program(place, options->runtime_now);
	/* A handler that has been here for long may have lost its model, but has what it needs. */
	if (now && !options->runtime && !options->like &&
	    containerd_has_handler(config, SETUP_RUNTIME_NAME))
		return 0;
	r = find_wanted(place, config, options, &wanted, why);
	if (r < 0 || !wanted.path)
		return r;
	if ((now && strcmp(now, wanted.real) == 0) ||
	    (now && setup_is_runtime(place, wanted.path, &unused)))
		return 0;
	r = check_replaced(place, options, &wanted, why);
	return r < 0 ? r : write_runtime(place, &wanted, plan, why);
}

void containerd_note_runtime(const struct setup_place *place, struct setup_plan *plan)
{
	_cleanup_free_ char *name = place_name(place, DROP_IN_DIR "/" CONTAINERD_RUNTIME_FILE);

	if (name && place_has(place, name))
		change_note(plan,
			    "left: %s, by which pods that run are operated; remove it when none is",
			    name);
}
