/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/hooksd.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "oci/json.h"

#include <string.h>

#define SHARED "podman and CRI-O both read this file; to install the program again puts it back"

const char hooksd_text[] = "{\n"
			   "  \"version\": \"1.0.0\",\n"
			   "  \"hook\": {\n"
			   "    \"path\": \"" SETUP_HOOK_PATH "\",\n"
			   "    \"args\": [\"oci-thin-grow\", \"hook\"]\n"
			   "  },\n"
			   "  \"when\": { \"always\": true },\n"
			   "  \"stages\": [\"createRuntime\"]\n"
			   "}\n";

static const char *folder_at(const struct conf_list *folders, size_t i)
{
	return folders->n ? folders->strings[i] : HOOKSD_FOLDER;
}

static size_t count(const struct conf_list *folders)
{
	return folders->n ? folders->n : 1;
}

static char *path_in(const struct setup_place *place, const char *folder)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/" HOOKSD_NAME, folder) < 0) {
		path = NULL;
		return NULL;
	}
	return setup_path(place, path);
}

/* The file that counts, or the one to make: the folder that we install to, or else the last. */
static char *choose(const struct setup_place *place, const struct conf_list *folders)
{
	for (size_t i = count(folders); i-- > 0;) {
		char *path = path_in(place, folder_at(folders, i));

		if (!path || access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return path_in(place, conf_has(folders, HOOKSD_FOLDER)
				      ? HOOKSD_FOLDER
				      : folder_at(folders, count(folders) - 1));
}

/* The path of the hook in @text: 1 and *ret, to be freed; 0 if there is none. */
static int hook_path(const char *text, size_t len, char **ret, struct why *why)
{
	const struct json *hook = NULL;
	struct json_doc *doc = NULL;
	const char *path = NULL;
	int r = json_parse(text, len, &doc, why);

	if (r < 0)
		return r;
	r = json_member(json_root(doc), "hook", JSON_OBJECT, &hook, why);
	if (r > 0)
		r = json_string(hook, "path", &path, why);
	if (r > 0) {
		*ret = strdup(path);
		r = *ret ? 1 : why_set(why, ENOMEM, "out of memory");
	}
	json_free(doc);
	return r;
}

static int judge(const struct setup_place *place, const struct setup_file *file, const char *engine,
		 struct setup_view *view, struct why *why)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (!file->old) {
		why_set(&view->missing, 0, "there is no %s; run \"oci-thin-grow enable %s\"",
			file->path, engine);
		return 0;
	}
	r = hook_path(file->old, file->old_len, &path, why);
	if (r < 0)
		return why_prefix(why, r, file->path);
	view->state = SETUP_ON;
	view->by_default = true;
	if (r == 0 || !setup_is_program(place, path)) {
		view->state = SETUP_BROKEN;
		why_set(&view->missing, 0, "the hook's path in %s, %s, is no program", file->path,
			r ? quote(path) : "none");
	}
	return 0;
}

int hooksd_look(const struct setup_place *place, const struct conf_list *folders,
		const char *engine, struct setup_view *view, struct why *why)
{
	struct setup_plan plan = {0};
	struct setup_file *file = NULL;
	int r;

	view->file = choose(place, folders);
	if (!view->file)
		return why_set(why, ENOMEM, "out of memory");
	r = plan_read(&plan, view->file, &file, why);
	if (r == 0)
		r = judge(place, file, engine, view, why);
	setup_plan_free(&plan);
	return r;
}

/* One that somebody has changed is kept, and comes back. */
static int plan_enable(const struct setup_place *place, const char *path, struct setup_plan *plan,
		       struct why *why)
{
	struct edit_text backup = {0};
	struct setup_file *file = NULL;
	char *text;
	int r = plan_read(plan, path, &file, why);

	if (r < 0)
		return r;
	if (!setup_is_program(place, SETUP_HOOK_PATH))
		return why_set(why, ENOENT, "%s: the hook is not installed", SETUP_HOOK_PATH);
	r = plan_backup(file, &backup, why);
	if (r < 0)
		return r;
	if (file->old) {
		free(backup.text);
		return 0;
	}
	file->remove_backup = r > 0;
	text = r > 0 ? backup.text : strdup(hooksd_text);
	if (!text)
		return why_set(why, ENOMEM, "out of memory");
	plan_set(file, text, strlen(text));
	return 0;
}

static int plan_removal(const char *path, struct setup_plan *plan, struct why *why)
{
	struct setup_file *file = NULL;
	int r;

	if (access(path, F_OK) < 0)
		return 0;
	if (plan->n_files == SETUP_MAX_FILES)
		return why_set(why, EINVAL, "%s: too many folders have this file", path);
	r = plan_read(plan, path, &file, why);
	if (r < 0)
		return r;
	file->keep_backup = strcmp(file->old, hooksd_text) != 0;
	plan_set(file, NULL, 0);
	return 0;
}

int hooksd_plan(const struct setup_place *place, const struct conf_list *folders, bool disable,
		struct setup_plan *plan, struct why *why)
{
	int r = 0;

	if (!disable) {
		_cleanup_free_ char *path = choose(place, folders);

		return path ? plan_enable(place, path, plan, why)
			    : why_set(why, ENOMEM, "out of memory");
	}
	for (size_t i = 0; r == 0 && i < count(folders); i++) {
		_cleanup_free_ char *path = path_in(place, folder_at(folders, i));

		r = path ? plan_removal(path, plan, why) : why_set(why, ENOMEM, "out of memory");
	}
	if (r == 0 && setup_plan_changes(plan))
		plan_note(plan, SHARED);
	return r;
}
