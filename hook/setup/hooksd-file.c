/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/hooksd-file.h"

#include "base/quote.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

#define VERSION_KEY  "version"
#define OUR_VERSION  "1.0.0"
#define RUNTIME_NAME "oci-thin-grow-runtime"

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
		return r < 0 ? r : why_set(why, EINVAL, "it does not say when");
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

/* The last two run inside the container, where the program is not. */
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

		if (is_one_of(name, good, sizeof(good) / sizeof(good[0])))
			called = true;
		else if (strcmp(name, "poststop") != 0)
			return why_set(why, EINVAL,
				       "its stage %s is not one in which a disk can be grown",
				       quote(name));
	}
	return called ? 0 : why_set(why, EINVAL, "its stages do not have \"createRuntime\"");
}

static int check(const struct json *root, struct hooksd_file *file, struct why *why)
{
	const char *path = NULL;
	int r = root->type == JSON_OBJECT ? check_version(root, why)
					  : why_set(why, EINVAL, "it is no object");

	if (r == 0)
		r = check_hook(root, &path, why);
	if (r == 0)
		r = check_when(root, &file->conditional, why);
	if (r == 0)
		r = check_stages(root, why);
	if (r < 0)
		return r;
	file->path = strdup(path);
	return file->path ? 0 : why_set(why, ENOMEM, "out of memory");
}

int hooksd_file_parse(const char *text, size_t len, struct hooksd_file *ret, struct why *why)
{
	struct hooksd_file file = {0};
	struct json_doc *doc = NULL;
	int r = json_parse(text, len, &doc, why);

	if (r < 0)
		return r;
	r = check(json_root(doc), &file, why);
	json_free(doc);
	if (r == 0)
		*ret = file;
	return r;
}
