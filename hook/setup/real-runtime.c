/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/real-runtime.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/engines.h"

#include <string.h>

#define DROP_IN_DIR CONFIG_DIR "/config.d"

/* The program; both to be freed. */
struct wanted {
	char *real; /* without links */
	char *path; /* as it is written to the file */
};

static void free_wanted(struct wanted *wanted)
{
	free(wanted->real);
	free(wanted->path);
}

static char *file_name(const char *engine)
{
	return text_new("60-%s.json", engine);
}

static int find_wanted(const struct setup_place *place, const struct setup_options *options,
		       const struct real_runtime *replaced, struct wanted *ret, struct why *why)
{
	const char *word = options->runtime ? options->runtime : replaced->word, *inside;
	_cleanup_free_ char *root = NULL;

	ret->real = place_find_program(place, word);
	if (!ret->real && options->runtime)
		return why_set(why, EEXIST, "--runtime %s: no such program", quote(word));
	if (!ret->real)
		return why_set(why, EEXIST,
			       "%s runs %s, which is not on this host: use --runtime PATH for the "
			       "program that is to run containers",
			       replaced->owner, quote(word));
	inside = place_inside(place, ret->real, &root);
	ret->path = strdup(word[0] == '/' || !inside ? word : inside);
	return ret->path ? 0 : why_no_memory(why);
}

/* Do other engines call our runtime, which can become only one program? */
static bool is_shared(const struct setup_place *place, const char *but)
{
	const struct setup_place host = {.root = place->root};
	bool shared = false;

	for (const struct setup_engine *engine = setup_engines; engine->name && !shared; engine++) {
		struct setup_view view;
		struct why unused;

		if (strcmp(engine->name, but) == 0 ||
		    setup_look(&host, engine->name, &view, &unused) < 0)
			continue;
		shared = view.state == SETUP_ON && view.wraps;
		setup_view_free(&view);
	}
	return shared;
}

static int check_replaced(const struct setup_place *place, const struct setup_options *options,
			  const struct real_runtime *replaced, const struct wanted *wanted,
			  struct why *why)
{
	_cleanup_free_ char *now = place_find_program(place, options->runtime_now),
			    *ours = file_name(replaced->engine);
	const char *name = options->runtime_file ? strrchr(options->runtime_file, '/') : NULL;

	if (!options->runtime && now &&
	    (strcmp(options->runtime_now, RUNC_PATH) != 0 || is_shared(place, replaced->engine)))
		return why_set(why, EEXIST,
			       "%s runs %s, but our runtime becomes %s (\"runtime\" in the "
			       "configuration): choose one of them with --runtime",
			       replaced->owner, quote(replaced->word), quote(options->runtime_now));
	if (name && ours && strstr(options->runtime_file, "/config.d/") &&
	    strcmp(name + 1, ours) > 0)
		return why_set(why, EEXIST, "%s: overrides \"runtime\": set it to %s there",
			       options->runtime_file, quote(wanted->path));
	return 0;
}

static int write_runtime(const struct setup_place *place, const struct real_runtime *replaced,
			 const struct wanted *wanted, struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *base = file_name(replaced->engine);
	_cleanup_free_ char *path = base ? text_new(DROP_IN_DIR "/%s", base) : NULL;
	_cleanup_free_ char *name = path ? place_name(place, path) : NULL;
	struct setup_file *file = NULL;
	char *text;
	int r = name ? change_read(place, name, plan, &file, why) : why_no_memory(why);

	if (r < 0)
		return r;
	if (!quote_is_plain(wanted->path))
		return why_set(why, EEXIST, "--runtime %s: the path has unsupported characters",
			       quote(wanted->path));
	text = text_new("// made by \"oci-thin-grow enable %s\": what %s ran\n"
			"{ \"runtime\": \"%s\" }\n",
			replaced->engine, replaced->owner, wanted->path);
	if (!text)
		return why_no_memory(why);
	change_set(file, text, strlen(text));
	change_note(plan, "our runtime becomes %s, as %s does", wanted->path, replaced->owner);
	return 0;
}

int real_runtime_plan(const struct setup_place *place, const struct setup_options *options,
		      const struct real_runtime *replaced, struct setup_plan *plan, struct why *why)
{
	_cleanup_(free_wanted) struct wanted wanted = {0};
	_cleanup_free_ char *now = place_find_program(place, options->runtime_now);
	struct why unused;
	int r = find_wanted(place, options, replaced, &wanted, why);

	if (r < 0 || !wanted.path)
		return r;
	if (now && (strcmp(now, wanted.real) == 0 || setup_is_runtime(place, wanted.path, &unused)))
		return 0;
	r = check_replaced(place, options, replaced, &wanted, why);
	return r < 0 ? r : write_runtime(place, replaced, &wanted, plan, why);
}

void real_runtime_note(const struct setup_place *place, const char *engine, struct setup_plan *plan)
{
	_cleanup_free_ char *path = text_new(DROP_IN_DIR "/60-%s.json", engine);
	_cleanup_free_ char *name = path ? place_name(place, path) : NULL;

	if (name && place_has(place, name))
		change_note(
			plan,
			"left: %s, which running containers need; remove it when there are none",
			name);
}
