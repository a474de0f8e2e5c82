/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/hooksd.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "setup/hooksd-file.h"

#include <string.h>

#define SHARED "podman and CRI-O both read this file; to install the program again puts it back"

const char hooksd_text[] = "{\n"
			   "  \"version\": \"1.0.0\",\n"
			   "  \"hook\": {\n"
			   "    \"path\": \"" HOOK_PATH "\",\n"
			   "    \"args\": [\"oci-thin-grow\", \"hook\"]\n"
			   "  },\n"
			   "  \"when\": { \"always\": true },\n"
			   "  \"stages\": [\"createRuntime\"]\n"
			   "}\n";

static char *name_in(const struct setup_place *place, const char *directory)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/" HOOKSD_NAME, directory) < 0) {
		path = NULL;
		return NULL;
	}
	return place_name(place, path);
}

/* The file that counts, or the one to create: in the directory of the package, or in the last. */
static char *choose(const struct setup_place *place, const struct conf_list *directories)
{
	for (size_t i = directories->n; i-- > 0;) {
		char *name = name_in(place, directories->strings[i]);

		if (!name || place_has(place, name))
			return name;
		free(name);
	}
	return name_in(place, directories->n && !conf_has(directories, HOOKSD_DIRECTORY)
				      ? directories->strings[directories->n - 1]
				      : HOOKSD_DIRECTORY);
}

/* Is our hook called with that? 0; -EINVAL with a reason. */
static int check(const struct setup_place *place, const char *text, size_t len,
		 bool *ret_conditional, struct why *why)
{
	struct hooksd_file file;
	struct why fault;
	int r = hooksd_file_parse(text, len, &file, why);

	if (r < 0)
		return r;
	*ret_conditional = file.conditional;
	if (!setup_is_ours(place, file.path, HOOK_PATH, &fault))
		r = why_set(why, EINVAL, "its hook's path, %s, %s", quote(file.path), fault.text);
	free(file.path);
	return r;
}

static int judge(const struct setup_place *place, const struct conf_list *directories,
		 const char *engine, struct setup_view *view, struct why *why)
{
	_cleanup_free_ char *text = NULL;
	bool conditional = false;
	struct why fault;
	size_t len = 0;
	int r = place_read(place, view->file, &text, &len, why);

	if (r < 0)
		return r;
	if (r == 0 || directories->n == 0) {
		why_set(&view->missing, 0, "%s %s; run \"oci-thin-grow enable %s\"",
			r == 0 ? "there is no" : "no directory of hooks is read, so not",
			view->file, engine);
		return 0;
	}
	view->state = SETUP_ON;
	r = check(place, text, len, &conditional, &fault);
	view->who = conditional ? "that its conditions are for" : NULL;
	if (r == -ENOMEM)
		return why_set(why, ENOMEM, "out of memory");
	if (r < 0) {
		view->state = SETUP_BROKEN;
		why_set(&view->missing, 0, "%s: %s", view->file, fault.text);
	}
	return 0;
}

int hooksd_look(const struct setup_place *place, const struct conf_list *directories,
		const char *engine, struct setup_view *view, struct why *why)
{
	view->file = choose(place, directories);
	if (!view->file)
		return why_set(why, ENOMEM, "out of memory");
	return judge(place, directories, engine, view, why);
}

static bool is_good(const struct setup_place *place, const char *text, size_t len)
{
	struct why unused;
	bool conditional;

	return text && check(place, text, len, &conditional, &unused) == 0;
}

/* One that somebody has changed is kept, and comes back; but not one that does not work. */
static int plan_enable(const struct setup_place *place, const char *name, struct setup_plan *plan,
		       struct why *why)
{
	_cleanup_(edit_free) struct edit_text backup = {0};
	struct setup_file *file = NULL;
	bool brings_back;
	char *text;
	int r = plan_read(place, name, plan, &file, why);

	if (r < 0)
		return r;
	if (!setup_is_ours(place, HOOK_PATH, HOOK_PATH, why))
		return why_set(why, ENOENT, "%s: the hook is not installed", HOOK_PATH);
	if (is_good(place, file->old, file->old_len))
		return 0;
	r = plan_backup(file, &backup, why);
	if (r < 0)
		return r;
	brings_back = !file->old && is_good(place, backup.text, backup.len);
	text = brings_back ? TAKE_PTR(backup.text) : strdup(hooksd_text);
	if (!text)
		return why_set(why, ENOMEM, "out of memory");
	file->keep_backup = file->old && !is_good(place, backup.text, backup.len);
	file->remove_backup = brings_back;
	plan_set(file, text, strlen(text));
	return 0;
}

static int plan_removal(const struct setup_place *place, const char *name, struct setup_plan *plan,
			struct why *why)
{
	struct setup_file *file = NULL;
	int r;

	if (!place_has(place, name))
		return 0;
	if (plan->n_files == SETUP_MAX_FILES)
		return why_set(why, EINVAL, "%s: too many directories have this file", name);
	r = plan_read(place, name, plan, &file, why);
	if (r < 0)
		return r;
	if (!file->old) /* somebody else has just removed it */
		return 0;
	file->keep_backup = !plan_same(file->old, file->old_len, hooksd_text, strlen(hooksd_text));
	plan_set(file, NULL, 0);
	return 0;
}

int hooksd_plan(const struct setup_place *place, const struct conf_list *directories, bool disable,
		struct setup_plan *plan, struct why *why)
{
	int r = 0;

	if (!disable) {
		_cleanup_free_ char *name = choose(place, directories);

		return name ? plan_enable(place, name, plan, why)
			    : why_set(why, ENOMEM, "out of memory");
	}
	for (size_t i = 0; r == 0 && i < directories->n; i++) {
		_cleanup_free_ char *name = name_in(place, directories->strings[i]);

		r = name ? plan_removal(place, name, plan, why)
			 : why_set(why, ENOMEM, "out of memory");
	}
	if (r == 0 && setup_plan_changes(plan))
		plan_note(plan, SHARED);
	return r;
}
