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

/* Reports that the value of the key @path, if it is set, is more than that of @limit. */
static void check_key(struct config_reader *reader, const char *path, uint64_t bytes,
		      const char *limit, uint64_t limit_bytes)
{
	struct config_origin origin = config_origin(reader->policy, path);

	if (bytes <= limit_bytes || !origin.file)
		return;
	reader->file = origin.file;
	config_complain(reader, origin.line, "%s: expected no more than %s (%s), found %s", path,
			limit, size_format(limit_bytes), size_format(bytes));
}

static void check_rule_key(struct config_reader *reader, const struct rule *rule, const char *key,
			   uint64_t bytes, const char *limit, uint64_t limit_bytes)
{
	if (bytes <= limit_bytes)
		return;
	reader->file = rule->file;
	config_complain(reader, rule->line, "rule %s: %s: expected no more than %s (%s), found %s",
			rule->name, key, limit, size_format(limit_bytes), size_format(bytes));
}

static void check_rule(struct config_reader *reader, const struct rule *rule)
{
	uint64_t max_bytes = policy_max_bytes(reader->policy, rule);
	struct autogrow merged = autogrow_configured(reader->policy, rule);

	check_rule_key(reader, rule, "size", rule->size_bytes, "max_size", max_bytes);
	check_rule_key(reader, rule, "autogrow.max", rule->autogrow.max_bytes, "max_size",
		       max_bytes);
	if (rule->autogrow.min_step_bytes || rule->autogrow.max_step_bytes)
		check_rule_key(reader, rule, "autogrow.min_step", merged.min_step_bytes, "max_step",
			       merged.max_step_bytes);
}

/* Both have defaults: the one that is set is wrong. */
static void check_steps(struct config_reader *reader)
{
	const struct autogrow *autogrow = &reader->policy->autogrow;
	struct config_origin origin = config_origin(reader->policy, "autogrow.max_step");

	check_key(reader, "autogrow.min_step", autogrow->min_step_bytes, "max_step",
		  autogrow->max_step_bytes);
	if (autogrow->min_step_bytes <= autogrow->max_step_bytes ||
	    config_origin(reader->policy, "autogrow.min_step").file)
		return;
	reader->file = origin.file;
	config_complain(
		reader, origin.line, "autogrow.max_step: expected at least min_step (%s), found %s",
		size_format(autogrow->min_step_bytes), size_format(autogrow->max_step_bytes));
}

static void check_pool_guard(struct config_reader *reader)
{
	static const char path[] = "pool_guard.autogrow_data_percent";
	const struct pool_guard *guard = &reader->policy->pool_guard;
	struct config_origin origin = config_origin(reader->policy, path);

	if (guard->autogrow_data_percent <= guard->data_percent || !origin.file)
		return;
	reader->file = origin.file;
	config_complain(reader, origin.line,
			"%s: expected no more than data_percent (%u), found %u", path,
			guard->data_percent, guard->autogrow_data_percent);
}

void config_check_limits(struct config_reader *reader)
{
	const struct policy *policy = reader->policy;

	check_key(reader, "default_size", policy->default_bytes, "max_size", policy->max_bytes);
	check_key(reader, "autogrow.max", policy->autogrow.max_bytes, "max_size",
		  policy->max_bytes);
	check_steps(reader);
	check_pool_guard(reader);
	for (size_t i = 0; i < policy->n_rules; i++)
		check_rule(reader, &policy->rules[i]);
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

static unsigned int report_warning(const struct config_listener *listener, const struct why *why)
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
		return report_warning(listener, &why);
	}
	if (!cover)
		return 0;
	why_set(&why, 0, "%s:%u: rule %s can never match: rule %s (%s:%u) matches before it",
		rule->file, rule->line, rule->name, cover->name, cover->file, cover->line);
	return report_warning(listener, &why);
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
