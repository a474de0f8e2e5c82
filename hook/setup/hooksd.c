/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/hooksd.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/text.h"
#include "oci/json.h"
#include "setup/ours.h"

#include <string.h>

#define VERSION_KEY  "version"
#define OUR_VERSION  "1.0.0"
#define RUNTIME_NAME "oci-thin-grow-runtime"
#define SHARED                                                                                     \
	"podman and CRI-O both read 50-oci-thin-grow.json, so neither calls the program now; to "  \
	"undo: oci-thin-grow enable podman (or crio)"

const char hooksd_text[] = "{\n"
			   "  \"version\": \"1.0.0\",\n"
			   "  \"hook\": {\n"
			   "    \"path\": \"" HOOK_PATH "\",\n"
			   "    \"args\": [\"oci-thin-grow\", \"hook\"]\n"
			   "  },\n"
			   "  \"when\": { \"always\": true },\n"
			   "  \"stages\": [\"createRuntime\"]\n"
			   "}\n";

/* --- what a file says ------------------------------------------------------------------------ */

/*
 * As containers/common (pkg/hooks/1.0.0) reads it. With a file that it rejects, podman creates no
 * container and CRI-O does not start.
 */

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static int check_version(const struct json *root, struct why *why)
{
	const char *version = "";
	int r = json_string(root, VERSION_KEY, &version, why);

	if (r < 0)
		return r;
	return strcmp(version, OUR_VERSION) == 0
		       ? 0
		       : why_set(why, EINVAL, "its version is %s, not \"" OUR_VERSION "\"",
				 quote(version));
}

/* The first argument is the program's name; "hook" is the command. */
static int check_arguments(const struct json *hook, struct why *why)
{
	const struct json *args = NULL;
	int r = json_member(hook, "args", JSON_ARRAY, &args, why);

	if (r < 0)
		return r;
	if (args && args->first && args->first->type == JSON_STRING &&
	    !strstr(args->first->text, RUNTIME_NAME)) {
		for (const struct json *arg = args->first->next; arg; arg = arg->next) {
			if (arg->type == JSON_STRING && strcmp(arg->text, "hook") == 0)
				return 0;
		}
	}
	return why_set(why, EINVAL, "its args are not [\"oci-thin-grow\", \"hook\"]");
}

static int check_hook(const struct json *root, const char **ret_path, struct why *why)
{
	const struct json *hook = NULL;
	const char *path = NULL;
	int r = json_member(root, "hook", JSON_OBJECT, &hook, why);

	if (r > 0)
		r = json_string(hook, "path", &path, why);
	if (r < 0)
		return r;
	if (r == 0 || path[0] != '/')
		return why_set(why, EINVAL, "it has no hook with an absolute path");
	*ret_path = path;
	return check_arguments(hook, why);
}

/* "always" and "hasBindMounts": 1 true, 0 false, -ENOENT not there. */
static int read_flag(const struct json *when, const char *key, struct why *why)
{
	const struct json *flag = NULL;
	int r = json_member(when, key, JSON_BOOL, &flag, why);

	return r < 0 ? r : r == 0 ? -ENOENT : strcmp(flag->text, "true") == 0;
}

static int check_when(const struct json *root, bool *ret_conditional, struct why *why)
{
	const struct json *when = NULL, *annotations = NULL, *commands = NULL;
	int always, mounts, r = json_member(root, "when", JSON_OBJECT, &when, why);

	if (r <= 0)
		return r < 0 ? r : why_set(why, EINVAL, "it has no \"when\"");
	always = read_flag(when, "always", why);
	mounts = read_flag(when, "hasBindMounts", why);
	if (always == -EINVAL || mounts == -EINVAL ||
	    json_member(when, "annotations", JSON_OBJECT, &annotations, why) < 0 ||
	    json_member(when, "commands", JSON_ARRAY, &commands, why) < 0)
		return -EINVAL;
	*ret_conditional =
		mounts == 1 || (annotations && annotations->first) || (commands && commands->first);
	if (always == 0 || mounts == 0 || (always < 0 && !*ret_conditional))
		return why_set(why, EINVAL, "its \"when\" is never true");
	return 0;
}

/* createContainer and startContainer run inside the container, which does not have the program. */
static int check_stages(const struct json *root, struct why *why)
{
	static const char *const good[] = {"createRuntime", "prestart", "poststart"};
	const struct json *stages = NULL;
	bool called = false;
	int r = json_member(root, "stages", JSON_ARRAY, &stages, why);

	if (r < 0)
		return r;
	for (const struct json *stage = stages ? stages->first : NULL; stage; stage = stage->next) {
		const char *name = stage->type == JSON_STRING ? stage->text : "";

		if (is_one_of(name, good, COUNT(good)))
			called = true;
		else if (strcmp(name, "poststop") != 0)
			return why_set(why, EINVAL, "a disk cannot be grown in its stage %s",
				       quote(name));
	}
	return called ? 0 : why_set(why, EINVAL, "its stages do not have \"createRuntime\"");
}

/*
 * Is our hook called with that? 0, and whether only for some containers; -EINVAL with a reason (not
 * JSON, never, in a wrong stage, with other arguments, another program); -ENOMEM.
 */
static int check_text(const struct setup_place *place, const char *text, size_t len,
		      bool *ret_conditional, struct why *why)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const struct json *root;
	const char *path = "";
	bool conditional = false;
	struct why fault;
	int r = json_parse(text, len, &doc, why);

	if (r < 0)
		return r;
	root = json_root(doc);
	r = root->type == JSON_OBJECT ? check_version(root, why)
				      : why_set(why, EINVAL, "not an object");
	if (r == 0)
		r = check_hook(root, &path, why);
	if (r == 0)
		r = check_when(root, &conditional, why);
	if (r == 0)
		r = check_stages(root, why);
	if (r < 0)
		return r;
	*ret_conditional = conditional;
	return setup_is_ours(place, path, HOOK_PATH, &fault)
		       ? 0
		       : why_set(why, EINVAL, "its hook's path, %s, %s", quote(path), fault.text);
}

/* --- the files of a host --------------------------------------------------------------------- */

static char *name_in(const struct setup_place *place, const char *directory)
{
	_cleanup_free_ char *path = text_new("%s/" HOOKSD_NAME, directory);

	if (!path)
		return NULL;
	return place_name(place, path);
}

/* The file in effect, or the one to create: in the package's directory, or in the last one. */
static char *choose_file_of(const struct setup_place *place, const struct conf_list *directories)
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

static int hooksd_judge(const struct setup_place *place, const struct conf_list *directories,
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
	r = check_text(place, text, len, &conditional, &fault);
	view->who = conditional ? "that its conditions are for" : NULL;
	if (r == -ENOMEM)
		return why_no_memory(why);
	if (r < 0) {
		view->state = SETUP_BROKEN;
		why_set(&view->missing, 0, "%s: %s", view->file, fault.text);
	}
	return 0;
}

int hooksd_look(const struct setup_place *place, const struct conf_list *directories,
		const char *engine, struct setup_view *view, struct why *why)
{
	view->file = choose_file_of(place, directories);
	if (!view->file)
		return why_no_memory(why);
	return hooksd_judge(place, directories, engine, view, why);
}

static bool is_good(const struct setup_place *place, const char *text, size_t len)
{
	struct why unused;
	bool conditional;

	return text && check_text(place, text, len, &conditional, &unused) == 0;
}

/* A file that the operator has changed is kept, and restored, if it works. */
static int hooksd_enable(const struct setup_place *place, const char *name, struct setup_plan *plan,
			 struct why *why)
{
	_cleanup_(edit_free) struct edit_text backup = {0};
	struct setup_file *file = NULL;
	bool brings_back;
	char *text;
	int r = change_read(place, name, plan, &file, why);

	if (r < 0)
		return r;
	if (!setup_is_ours(place, HOOK_PATH, HOOK_PATH, why))
		return why_set(why, ENOENT, "%s: the hook is not installed", HOOK_PATH);
	if (is_good(place, file->old, file->old_len))
		return 0;
	r = change_backup(place, file->path, &backup, why);
	if (r < 0)
		return r;
	brings_back = !file->old && is_good(place, backup.text, backup.len);
	text = brings_back ? TAKE_PTR(backup.text) : strdup(hooksd_text);
	if (!text)
		return why_no_memory(why);
	file->keep_backup = file->old && !is_good(place, backup.text, backup.len);
	file->remove_backup = brings_back;
	change_set(file, text, strlen(text));
	return 0;
}

static int hooksd_remove(const struct setup_place *place, const char *name, struct setup_plan *plan,
			 struct why *why)
{
	struct setup_file *file = NULL;
	int r;

	if (!place_has(place, name))
		return 0;
	if (plan->n_files == SETUP_MAX_FILES)
		return why_set(why, EINVAL, "%s: too many directories have this file", name);
	r = change_read(place, name, plan, &file, why);
	if (r < 0)
		return r;
	if (!file->old) /* another program has just removed it */
		return 0;
	file->keep_backup =
		!change_same(file->old, file->old_len, hooksd_text, strlen(hooksd_text));
	change_set(file, NULL, 0);
	return 0;
}

int hooksd_plan(const struct setup_place *place, const struct conf_list *directories, bool disable,
		struct setup_plan *plan, struct why *why)
{
	int r = 0;

	if (!disable) {
		_cleanup_free_ char *name = choose_file_of(place, directories);

		return name ? hooksd_enable(place, name, plan, why) : why_no_memory(why);
	}
	for (size_t i = 0; r == 0 && i < directories->n; i++) {
		_cleanup_free_ char *name = name_in(place, directories->strings[i]);

		r = name ? hooksd_remove(place, name, plan, why) : why_no_memory(why);
	}
	if (r == 0 && setup_plan_changes(plan))
		change_note(plan, SHARED);
	return r;
}
