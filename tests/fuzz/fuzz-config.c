/* SPDX-License-Identifier: Apache-2.0 */

/* A configuration file: accepted values are within their bounds, and an error
 * names a line. */
#include "fuzz.h"

#include "policy/config-check.h"
#include "policy/config-keys.h"
#include "policy/config.h"

#include <stdlib.h>
#include <string.h>

static size_t input_lines;

static void check_reason(const struct why *why, void *context)
{
	unsigned long line;

	(void)context;
	require(strncmp(why->text, "f:", 2) == 0);
	line = strtoul(why->text + 2, NULL, 10);
	require(line >= 1 && line <= input_lines);
}

static void check_autogrow(const struct autogrow *autogrow)
{
	require(autogrow->at_permille >= 500 && autogrow->at_permille <= 990);
	require(autogrow->by_permille >= 10 && autogrow->by_permille <= 10000);
	require(autogrow->min_step_bytes > 0 && autogrow->max_step_bytes > 0);
	require(autogrow->cooldown_ms >= 1000 && autogrow->budget_ms >= 1000);
	require(autogrow->budget >= 1 && autogrow->budget <= 1000);
}

/* The limits of a configuration without errors, for a tenant that wants more
 * than there is. */
static void check_limits(const struct policy *policy, const struct rule *rule)
{
	const struct policy one = {.max_bytes = policy->max_bytes,
				   .autogrow = policy->autogrow,
				   .rules = rule,
				   .n_rules = rule ? 1 : 0};
	struct autogrow_verdict verdict;

	autogrow_decide(&one, &(struct facts){.engine = "docker"}, "8388608T", &verdict);
	check_autogrow(&verdict.limits);
	require(verdict.limits.min_step_bytes <= verdict.limits.max_step_bytes);
	require(verdict.limits.max_bytes <= policy_max_bytes(policy, verdict.rule));
	require(autogrow_next_bytes(&verdict.limits, 1) <= verdict.limits.max_bytes ||
		verdict.limits.max_bytes == 0);
}

static void check_policy(const struct policy *policy)
{
	require(policy->max_bytes > 0 && policy->timeout_ms >= 100);
	require(policy->runtime[0] == '/');
	require(policy->pool_guard.data_percent <= 100);
	for (const char *const *key = policy->keys; *key; key++)
		require(**key != '\0');
	check_autogrow(&policy->autogrow);
	for (size_t i = 0; i < policy->n_rules; i++)
		require(policy->rules[i].name != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	static const struct config_listener listener = {check_reason, NULL};
	struct policy policy = policy_builtin;
	struct config_reader reader = {.policy = &policy, .file = "f", .listener = &listener};
	struct json_doc *doc = NULL;
	struct why why;
	size_t offset = 0;

	policy.memory = calloc(1, sizeof(*policy.memory));
	require(policy.memory != NULL);
	reader.text = (const char *)input;
	input_lines = config_line(reader.text, len);
	if (json_parse_commented(reader.text, len, &doc, &offset, &why) == 0) {
		config_read_file(&reader, json_root(doc));
		check_policy(&policy);
		if (reader.errors == 0)
			config_check_limits(&reader);
		if (reader.errors == 0) {
			config_warn(&policy, &(struct config_listener){NULL, NULL});
			check_limits(&policy, NULL);
			for (size_t i = 0; i < policy.n_rules; i++)
				check_limits(&policy, &policy.rules[i]);
		}
	}
	require(offset <= len);
	json_free(doc);
	config_free(&policy);
	return 0;
}
