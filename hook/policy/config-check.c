/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-check.h"

#include "base/count.h"
#include "base/engine-names.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/size.h"
#include "policy/config-keys.h"
#include "policy/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void config_check_sizes(struct config_reader *reader)
{
	const struct policy *policy = reader->policy;
	const struct config_origin *origin =
		&policy->memory->origins[config_key_index("default_size")];

	if (policy->default_bytes > policy->max_bytes && origin->file) {
		reader->file = origin->file;
		config_complain(reader, origin->line,
				"default_size: expected no more than max_size (%s), found %s",
				size_format(policy->max_bytes), size_format(policy->default_bytes));
	}
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];
		uint64_t max_bytes = policy_max_bytes(policy, rule);

		if (rule->size_bytes <= max_bytes)
			continue;
		reader->file = rule->file;
		config_complain(reader, rule->line,
				"rule %s: size: expected no more than max_size (%s), found %s",
				rule->name, size_format(max_bytes), size_format(rule->size_bytes));
	}
}

static const struct rule *find_cover(const struct policy *policy, size_t of)
{
	for (size_t i = 0; i < of; i++) {
		if (match_covers(&policy->rules[i], &policy->rules[of]))
			return &policy->rules[i];
	}
	return NULL;
}

static bool is_any_engine(const char *pattern)
{
	static const char *const engines[] = {ENGINE_NAMES, ENGINE_STORAGE, ENGINE_RUNTIME};

	for (size_t i = 0; i < COUNT(engines); i++) {
		if (match_pattern(pattern, engines[i]))
			return true;
	}
	return false;
}

static unsigned int warn(const struct config_listener *listener, const struct why *why)
{
	if (listener->tell)
		listener->tell(why, listener->context);
	return 1;
}

static unsigned int warn_rule(const struct policy *policy, size_t i,
			      const struct config_listener *listener)
{
	const struct rule *rule = &policy->rules[i], *cover = find_cover(policy, i);
	struct why why;

	if (rule->engine && !is_any_engine(rule->engine)) {
		why_set(&why, 0,
			"%s:%u: rule %s can never match: unknown engine %s "
			"(" ENGINE_LIST(", ", ", ") " and " ENGINE_RUNTIME " are)",
			rule->file, rule->line, rule->name, quote(rule->engine));
		return warn(listener, &why);
	}
	if (!cover)
		return 0;
	why_set(&why, 0, "%s:%u: rule %s can never match: rule %s (%s:%u) matches before it",
		rule->file, rule->line, rule->name, cover->name, cover->file, cover->line);
	return warn(listener, &why);
}

unsigned int config_warn(const struct policy *policy, const struct config_listener *listener)
{
	unsigned int n = 0;

	for (size_t i = 0; i < policy->n_rules; i++)
		n += warn_rule(policy, i, listener);
	return n;
}

static int try_program(const char *what, const char *path, struct stat *ret, struct why *why)
{
	int err = 0;

	if (stat(path, ret) < 0)
		err = errno;
	else if (!S_ISREG(ret->st_mode) || access(path, X_OK) < 0)
		err = EACCES;
	if (err == ENOENT || err == ENOTDIR)
		return why_set(why, err, "%s %s not found", what, quote(path));
	return err ? why_set(why, err, "%s %s cannot be executed: %s", what, quote(path),
			     strerror(err))
		   : 0;
}

int config_try_runtime(const char *path, struct why *why)
{
	struct stat unused;

	return try_program("runtime", path, &unused, why);
}

int config_check_runtime(const struct policy *policy, struct why *why)
{
	struct config_origin origin = config_origin(policy, "runtime");
	struct why reason;
	int r = config_try_runtime(policy->runtime, &reason);

	if (r < 0 && origin.file)
		return why_set(why, -r, "%s (set in %s:%u)", reason.text, origin.file, origin.line);
	return r < 0 ? why_set(why, -r, "%s (the default)", reason.text) : 0;
}

static bool is_this_program(const struct stat *st)
{
	struct stat self;

	return stat("/proc/self/exe", &self) == 0 && file_is_same(st, &self);
}

int config_try_shim(const char *path, struct why *why)
{
	struct stat st;
	int r = try_program("shim", path, &st, why);

	if (r < 0)
		return r;
	if (is_this_program(&st))
		return why_set(why, ELOOP, "shim %s is oci-thin-grow itself", quote(path));
	if (!file_is_ours_alone(&st))
		return why_set(
			why, EPERM,
			"shim %s must belong to root, and nobody else may write to it: chown "
			"root and chmod go-w it",
			quote(path));
	return 0;
}

int config_check_shim(const struct shim *shim, struct why *why)
{
	struct why reason;
	int r = config_try_shim(shim->path, &reason);

	return r < 0 ? why_set(why, -r, "%s (set in %s:%u)", reason.text, shim->file, shim->line)
		     : 0;
}
