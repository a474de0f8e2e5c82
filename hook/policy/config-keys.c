/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-keys.h"

#include "base/quote.h"
#include "policy/size.h"

#include <libgen.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const config_on_failure_words[] = {
	[ON_FAILURE_FAIL] = "fail", [ON_FAILURE_WARN] = "warn", NULL};
const char *const config_on_exceed_words[] = {
	[ON_EXCEED_DENY] = "deny", [ON_EXCEED_CLAMP] = "clamp", NULL};
const char *const config_rule_request_words[] = {[RULE_REQUEST_ALLOW] = "allow",
						 [RULE_REQUEST_IGNORE] = "ignore",
						 [RULE_REQUEST_DENY] = "deny",
						 NULL};

static void read_on_failure(struct config_reader *reader, const struct json *value,
			    const char *path, void *target)
{
	int choice = config_read_choice(reader, value, path, config_on_failure_words);

	if (choice >= 0)
		*(enum on_failure *)target = (enum on_failure)choice;
}

static void read_on_exceed(struct config_reader *reader, const struct json *value, const char *path,
			   void *target)
{
	int choice = config_read_choice(reader, value, path, config_on_exceed_words);

	if (choice >= 0)
		*(enum on_exceed *)target = (enum on_exceed)choice;
}

static void read_rule_request(struct config_reader *reader, const struct json *value,
			      const char *path, void *target)
{
	int choice = config_read_choice(reader, value, path, config_rule_request_words);

	if (choice >= 0)
		*(enum rule_request *)target = (enum rule_request)choice;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* The target is the rule: a size of null is not the same as none. */
static void read_rule_size(struct config_reader *reader, const struct json *value, const char *path,
			   void *target)
{
	struct rule *rule = target;

	rule->has_size = true;
	config_read_optional(reader, value, path, &rule->size_bytes);
}

static void read_annotations(struct config_reader *reader, const struct json *value,
			     const char *path, void *target)
{
	struct annotation_pattern *patterns;
	struct rule *rule = target;
	size_t n = 0;

	if (value->type != JSON_OBJECT) {
		config_fail(reader, value, path, "an object of keys and patterns");
		return;
	}
	json_foreach (member, value)
		n++;
	patterns = config_alloc(reader, n * sizeof(*patterns));
	if (!patterns)
		return;
	rule->annotations = patterns;
	rule->n_annotations = n;
	json_foreach (member, value) {
		struct why inner;

		why_set(&inner, 0, "%s.%s", path, quote_n(member->key, member->key_len));
		config_is_duplicate(reader, value, member, inner.text);
		patterns->key = config_strdup(reader, member->key);
		config_read_string(reader, member, inner.text, &patterns->pattern);
		patterns++;
	}
}

static void read_match(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	static const struct config_field fields[] = {
		{"engine", config_read_string, offsetof(struct rule, engine), CONFIG_NO_ORIGIN},
		{"image", config_read_string, offsetof(struct rule, image), CONFIG_NO_ORIGIN},
		{"namespace", config_read_string, offsetof(struct rule, ns), CONFIG_NO_ORIGIN},
		{"annotation", read_annotations, 0, CONFIG_NO_ORIGIN},
	};

	config_read_object(reader, value, path, fields, COUNT(fields), target);
}

/* A rule without a name is called by its place. */
static void name_rule(struct config_reader *reader, struct rule *rule)
{
	const char *slash = strrchr(reader->file, '/');
	struct why name;

	if (rule->name)
		return;
	why_set(&name, 0, "%s:%u", slash ? slash + 1 : reader->file, rule->line);
	rule->name = config_strdup(reader, quote_is_plain(name.text) ? name.text : "unnamed");
}

static void read_rule(struct config_reader *reader, const struct json *value, const char *path,
		      struct rule *rule)
{
	static const struct config_field fields[] = {
		{"name", config_read_name, offsetof(struct rule, name), CONFIG_NO_ORIGIN},
		{"match", read_match, 0, CONFIG_NO_ORIGIN},
		{"size", read_rule_size, 0, CONFIG_NO_ORIGIN},
		{"max_size", config_read_size, offsetof(struct rule, max_bytes), CONFIG_NO_ORIGIN},
		{"request", read_rule_request, offsetof(struct rule, request), CONFIG_NO_ORIGIN},
	};

	rule->file = reader->file;
	rule->line = config_line(reader->text, value->offset);
	config_read_object(reader, value, path, fields, COUNT(fields), rule);
	name_rule(reader, rule);
}

/* The target is the policy: these come behind those of earlier files. */
static void read_rules(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	struct policy *policy = target;
	size_t n = 0, i = 0;
	struct rule *rules;

	if (value->type != JSON_ARRAY) {
		config_fail(reader, value, path, "an array of rules");
		return;
	}
	json_foreach (member, value)
		n++;
	rules = config_alloc(reader, (policy->n_rules + n) * sizeof(*rules));
	if (!rules)
		return;
	if (policy->n_rules)
		memcpy(rules, policy->rules, policy->n_rules * sizeof(*rules));
	json_foreach (member, value) {
		struct why inner;

		why_set(&inner, 0, "%s[%zu]", path, i);
		read_rule(reader, member, inner.text, &rules[policy->n_rules + i++]);
	}
	policy->rules = rules;
	policy->n_rules += n;
}

/* --- the file --------------------------------------------------------------------------------- */

#define GUARD(member) offsetof(struct policy, pool_guard.member)

static void read_pool_guard(struct config_reader *reader, const struct json *value,
			    const char *path, void *target)
{
	static const struct config_field fields[] = {
		{"data_percent", config_read_percent, GUARD(data_percent), CONFIG_DATA_PERCENT},
		{"metadata_percent", config_read_percent, GUARD(metadata_percent),
		 CONFIG_METADATA_PERCENT},
		{"overcommit", config_read_ratio, GUARD(overcommit_thousandths), CONFIG_OVERCOMMIT},
	};

	config_read_object(reader, value, path, fields, COUNT(fields), target);
}

static void read_all_on_failure(struct config_reader *reader, const struct json *value,
				const char *path, void *target)
{
	static const struct config_field fields[] = {
		{"request", read_on_failure, offsetof(struct policy, on_failure.request),
		 CONFIG_ON_FAILURE_REQUEST},
		{"default", read_on_failure, offsetof(struct policy, on_failure.given),
		 CONFIG_ON_FAILURE_DEFAULT},
		{"not_applicable", read_on_failure,
		 offsetof(struct policy, on_failure.not_applicable),
		 CONFIG_ON_FAILURE_NOT_APPLICABLE},
	};

	config_read_object(reader, value, path, fields, COUNT(fields), target);
}

#define TARGET(member) offsetof(struct policy, member)

void config_read_file(struct config_reader *reader, const struct json *root)
{
	static const struct config_field fields[] = {
		{"enabled", config_read_bool, TARGET(enabled), CONFIG_ENABLED},
		{"keys", config_read_strings, TARGET(keys), CONFIG_KEYS},
		{"labels", config_read_bool, TARGET(labels), CONFIG_LABELS},
		{"default_size", config_read_optional, TARGET(default_bytes), CONFIG_DEFAULT_SIZE},
		{"max_size", config_read_size, TARGET(max_bytes), CONFIG_MAX_SIZE},
		{"pools", config_read_strings, TARGET(pools), CONFIG_POOLS},
		{"rules", read_rules, 0, CONFIG_NO_ORIGIN},
		{"on_exceed", read_on_exceed, TARGET(on_exceed), CONFIG_ON_EXCEED},
		{"on_failure", read_all_on_failure, 0, CONFIG_NO_ORIGIN},
		{"pool_guard", read_pool_guard, 0, CONFIG_NO_ORIGIN},
		{"timeout", config_read_time, TARGET(timeout_ms), CONFIG_TIMEOUT},
		{"runtime", config_read_path, TARGET(runtime), CONFIG_RUNTIME},
		{"data_roots", config_read_paths, TARGET(data_roots), CONFIG_DATA_ROOTS},
	};

	config_read_object(reader, root, "", fields, COUNT(fields), reader->policy);
}

void config_check_sizes(struct config_reader *reader)
{
	const struct policy *policy = reader->policy;
	struct config_origin origin = config_origin(policy, CONFIG_DEFAULT_SIZE);

	if (policy->default_bytes > policy->max_bytes && origin.file) {
		reader->file = origin.file;
		config_complain(reader, origin.line,
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
