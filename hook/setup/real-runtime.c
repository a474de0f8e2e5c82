/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/real-runtime.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/shim-name.h"
#include "base/text.h"
#include "oci/json.h"
#include "setup/ours.h"

#include <string.h>

#define DROP_IN_DIR CONFIG_DIR "/config.d"

/* The program, and the file in config.d that names it; all to be freed. */
struct wanted {
	char *real; /* without links */
	char *path; /* as it is written to the file */
	char *base;
};

static void free_wanted(struct wanted *wanted)
{
	free(wanted->real);
	free(wanted->path);
	free(wanted->base);
}

static char *runtime_base(const char *engine)
{
	return text_new("60-%s.json", engine);
}

static char *shim_base(const char *shim)
{
	return text_new("60-shim-%s.json", shim);
}

/* The file @base in config.d (setup/place.h), to be freed. */
static char *drop_in_name(const struct setup_place *place, const char *base)
{
	_cleanup_free_ char *path = text_new(DROP_IN_DIR "/%s", base);

	return path ? place_name(place, path) : NULL;
}

/* Is @file, which sets a key, read after our @base in config.d? */
static bool is_overridden_by(const char *file, const char *base)
{
	const char *name = file ? strrchr(file, '/') : NULL;

	return name && strstr(file, "/config.d/") && strcmp(name + 1, base) > 0;
}

/* Takes @text over; NULL: out of memory. */
static int write_drop_in(const struct setup_place *place, const char *base, char *text,
			 struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *name = drop_in_name(place, base), *owned = text;
	struct setup_file *file = NULL;
	int r;

	if (!name || !text)
		return why_no_memory(why);
	r = change_read(place, name, plan, &file, why);
	if (r == 0)
		change_set(file, TAKE_PTR(owned), strlen(text));
	return r;
}

static int check_plain(const char *option, const char *path, struct why *why)
{
	return quote_is_plain(path)
		       ? 0
		       : why_set(why, EEXIST, "%s %s: the path has unsupported characters", option,
				 quote(path));
}

/* What @word, which was found at @real, is called from the place's root; to be freed. */
static char *path_to(const struct setup_place *place, const char *word, const char *real)
{
	_cleanup_free_ char *root = NULL;
	const char *inside = place_inside(place, real, &root);

	return strdup(word[0] == '/' || !inside ? word : inside);
}

static int find_wanted(const struct setup_place *place, const struct setup_options *options,
		       const struct real_runtime *replaced, struct wanted *ret, struct why *why)
{
	const char *word = options->runtime ? options->runtime : replaced->word;

	ret->real = place_find_program(place, word);
	if (!ret->real && options->runtime)
		return why_set(why, EEXIST, "--runtime %s: no such program", quote(word));
	if (!ret->real)
		return why_set(why, EEXIST,
			       "%s runs %s, which is not on this host: use --runtime PATH for the "
			       "program that is to run containers",
			       replaced->owner, quote(word));
	ret->path = path_to(place, word, ret->real);
	ret->base = runtime_base(replaced->engine);
	return ret->path && ret->base ? 0 : why_no_memory(why);
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
	_cleanup_free_ char *now = place_find_program(place, options->runtime_now);

	if (!options->runtime && now &&
	    (strcmp(options->runtime_now, RUNC_PATH) != 0 || is_shared(place, replaced->engine)))
		return why_set(why, EEXIST,
			       "%s runs %s, but our runtime becomes %s (\"runtime\" in the "
			       "configuration): choose one of them with --runtime",
			       replaced->owner, quote(replaced->word), quote(options->runtime_now));
	if (is_overridden_by(options->runtime_file, wanted->base))
		return why_set(why, EEXIST, "%s: overrides \"runtime\": set it to %s there",
			       options->runtime_file, quote(wanted->path));
	return 0;
}

static int write_runtime(const struct setup_place *place, const struct real_runtime *replaced,
			 const struct wanted *wanted, struct setup_plan *plan, struct why *why)
{
	int r = check_plain("--runtime", wanted->path, why);

	if (r == 0)
		r = write_drop_in(place, wanted->base,
				  text_new("// made by \"oci-thin-grow enable %s\": what %s ran\n"
					   "{ \"runtime\": \"%s\" }\n",
					   replaced->engine, replaced->owner, wanted->path),
				  plan, why);
	if (r < 0)
		return r;
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

	if (r < 0 || !wanted.path || !wanted.base)
		return r;
	if (now && (strcmp(now, wanted.real) == 0 || setup_is_runtime(place, wanted.path, &unused)))
		return 0;
	r = check_replaced(place, options, replaced, &wanted, why);
	return r < 0 ? r : write_runtime(place, replaced, &wanted, plan, why);
}

static void note_left(const struct setup_place *place, const char *base, struct setup_plan *plan)
{
	_cleanup_free_ char *name = base ? drop_in_name(place, base) : NULL;

	if (name && place_has(place, name))
		change_note(plan,
			    "left: %s, which running containers need; remove it when there are "
			    "none",
			    name);
}

void real_runtime_note(const struct setup_place *place, const char *engine, struct setup_plan *plan)
{
	_cleanup_free_ char *base = runtime_base(engine);

	note_left(place, base, plan);
}

/* --- shims ----------------------------------------------------------------------------------- */

/* What our wrapper for the shim becomes now; to be freed. NULL: nothing. */
static char *find_shim(const struct setup_place *place, const struct setup_options *options,
		       const char *program)
{
	static const char *const directories[] = {SHIM_DIRS};
	char *found = options->shim_now ? place_find_program(place, options->shim_now) : NULL;

	for (size_t i = 0; !options->shim_now && !found && i < COUNT(directories); i++) {
		_cleanup_free_ char *path = text_new("%s/%s", directories[i], program);

		found = path ? place_find_program(place, path) : NULL;
	}
	return found;
}

static int write_shim(const struct setup_place *place, const char *base, const char *handler,
		      const char *shim, const char *path, struct setup_plan *plan, struct why *why)
{
	int r = check_plain("shim", path, why);

	if (r == 0)
		r = write_drop_in(place, base,
				  text_new("// made by \"oci-thin-grow enable --shim %s "
					   "containerd\": what the handler %s ran\n"
					   "{ \"shims\": { \"%s\": \"%s\" } }\n",
					   shim, handler, shim, path),
				  plan, why);
	if (r == 0)
		change_note(plan, "our shim becomes %s, as the handler %s does", path, handler);
	return r;
}

int real_shim_plan(const struct setup_place *place, const struct setup_options *options,
		   const char *handler, const char *shim, const char *path, struct setup_plan *plan,
		   struct why *why)
{
	_cleanup_free_ char *program = text_new(SHIM_PREFIX "%s" SHIM_SUFFIX, shim);
	_cleanup_free_ char *base = shim_base(shim), *now = NULL, *real = NULL, *inside = NULL;
	const char *word = path ? path : program, *file = options->shim_file;

	if (!program || !base)
		return why_no_memory(why);
	now = find_shim(place, options, program);
	real = place_find_program(place, word);
	if (now && (real ? strcmp(now, real) == 0 : !path))
		return 0;
	if (!real)
		return why_set(why, EEXIST, "the handler %s runs %s, which is not on this host",
			       quote(handler), quote(word));
	if (file && !strstr(file, base) && (now || is_overridden_by(file, base)))
		return why_set(why, EEXIST,
			       "the handler %s runs %s, but our shim becomes %s (\"shims\" in %s): "
			       "change it there",
			       quote(handler), quote(word), quote(options->shim_now), file);
	inside = path_to(place, word, real);
	return inside ? write_shim(place, base, handler, shim, inside, plan, why)
		      : why_no_memory(why);
}

char *real_shim_planned(const struct setup_place *place, const char *shim)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	_cleanup_free_ char *base = shim_base(shim), *text = NULL;
	_cleanup_free_ char *name = base ? drop_in_name(place, base) : NULL;
	const struct json *shims;
	const char *path;
	size_t len = 0, unused;
	struct why why;

	if (!name || place_read(place, name, &text, &len, &why) <= 0 ||
	    json_parse_commented(text, len, &doc, &unused, &why) < 0 ||
	    json_object(json_root(doc), "shims", &shims, &why) <= 0 ||
	    json_string(shims, shim, &path, &why) <= 0)
		return NULL;
	return strdup(path);
}

void real_shim_note(const struct setup_place *place, const char *shim, struct setup_plan *plan)
{
	_cleanup_free_ char *base = shim_base(shim);

	note_left(place, base, plan);
}
