/* SPDX-License-Identifier: Apache-2.0 */
#include "job/real-shim.h"

#include "base/cleanup.h"
#include "base/paths.h"
#include "base/shim-name.h"
#include "base/text.h"
#include "job/last-program.h"
#include "policy/config-check.h"

#include <string.h>

const char *const real_shim_dirs[] = {SHIM_DIRS, NULL};

/* "enable" may have put our own link into one of them, under the real one's name. */
static bool is_there(const char *path)
{
	struct why unused;

	return access(path, F_OK) == 0 && config_try_shim(path, &unused) != -ELOOP;
}

/* 1 and *ret; 0: none has it; -ENOMEM. */
static int search(const char *name, const char *const dirs[], char **ret)
{
	for (; *dirs; dirs++) {
		_cleanup_free_ char *path =
			text_new("%s/" SHIM_PREFIX "%s" SHIM_SUFFIX, *dirs, name);

		if (!path)
			return -ENOMEM;
		if (!is_there(path))
			continue;
		*ret = TAKE_PTR(path);
		return 1;
	}
	return 0;
}

static int not_found(const char *name, const char *const dirs[], struct why *why)
{
	struct text searched = {""};

	for (; *dirs; dirs++)
		text_add(&searched, "%s%s", *searched.s ? ", " : "", *dirs);
	return why_set(why, ENOENT,
		       SHIM_PREFIX "%s" SHIM_SUFFIX " not found in %s; set \"shims\" in " CONFIG_DIR
				   "/config.json",
		       name, searched.s);
}

static int check_choice(const struct policy *policy, const struct shim *named, const char *path,
			struct why *why)
{
	struct why reason;
	int r = named && path == named->path ? config_check_shim(named, &reason)
					     : config_try_shim(path, &reason);

	if (r == 0)
		return 0;
	if (policy->broken)
		return why_set(why, -r, "%s; the configuration is broken: %s", reason.text,
			       policy->broken);
	*why = reason;
	return r;
}

int real_shim_find(const struct policy *policy, const char *name, const char *const dirs[],
		   const char *state_dir, char **ret, struct why *why)
{
	const struct shim *named = policy_shim(policy, name);
	_cleanup_free_ char *link = text_new("shim-%s", name), *remembered = NULL, *found = NULL;
	struct program_choice choice = {.is_named = named, .broken = policy->broken};
	const char *path;
	int r;

	if (!link || (!named && search(name, dirs, &found) < 0))
		return why_no_memory(why);
	choice.program = named ? named->path : found;
	path = state_dir ? last_program_choose(state_dir, link, &choice, &remembered)
			 : choice.program;
	if (!path)
		return not_found(name, dirs, why);
	r = check_choice(policy, named, path, why);
	if (r < 0)
		return r;
	*ret = strdup(path);
	return *ret ? 0 : why_no_memory(why);
}
