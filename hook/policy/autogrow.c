/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/autogrow.h"

#include "base/minmax.h"
#include "base/quote.h"
#include "base/size.h"
#include "policy/policy.h"

struct autogrow autogrow_configured(const struct policy *policy, const struct rule *rule)
{
	struct autogrow of = policy->autogrow;
	const struct autogrow *rules = rule ? &rule->autogrow : &of;

	if (rule && rule->has_autogrow_max)
		of.max_bytes = rules->max_bytes;
	if (rules->at_permille)
		of.at_permille = rules->at_permille;
	if (rules->by_permille)
		of.by_permille = rules->by_permille;
	if (rules->min_step_bytes)
		of.min_step_bytes = rules->min_step_bytes;
	if (rules->max_step_bytes)
		of.max_step_bytes = rules->max_step_bytes;
	if (rules->cooldown_ms)
		of.cooldown_ms = rules->cooldown_ms;
	if (rules->budget) {
		of.budget = rules->budget;
		of.budget_ms = rules->budget_ms;
	}
	return of;
}

/* May a container to which @rule applies say how far it grows? */
static bool may_ask(const struct rule *rule, struct why *ret_why)
{
	if (!rule || rule->request == RULE_REQUEST_ALLOW)
		return true;
	why_set(ret_why, 0, "rule \"%s\" (%s:%u) allows no requests", rule->name, rule->file,
		rule->line);
	return false;
}

static void take_tenants(const char *tenant, struct autogrow_verdict *verdict)
{
	struct autogrow *limits = &verdict->limits;
	uint64_t bytes = 0;

	if (!may_ask(verdict->rule, &verdict->ignored) ||
	    size_parse(tenant, &bytes, &verdict->ignored) < 0)
		return;
	if (bytes == 0) {
		why_set(&verdict->ignored, 0, "%s is not a size", quote(tenant));
	} else if (!limits->max_bytes || bytes < limits->max_bytes) {
		limits->max_bytes = bytes;
		verdict->source = AUTOGROW_TENANT;
	} else if (bytes > limits->max_bytes) {
		why_set(&verdict->ignored, 0, "%s is more than %s, which the configuration allows",
			size_format(bytes), size_format(limits->max_bytes));
	}
}

void autogrow_decide(const struct policy *policy, const struct facts *facts, const char *tenant,
		     struct autogrow_verdict *ret)
{
	const struct rule *rule = policy_rule(policy, facts, NULL);
	uint64_t max_size_bytes = policy_max_bytes(policy, rule);
	struct autogrow *limits = &ret->limits;

	*ret = (struct autogrow_verdict){.limits = autogrow_configured(policy, rule), .rule = rule};
	if (limits->max_bytes)
		ret->source = rule && rule->has_autogrow_max ? AUTOGROW_RULE : AUTOGROW_CONFIG;
	if (tenant)
		take_tenants(tenant, ret);
	if (limits->max_bytes > max_size_bytes) {
		ret->exceeded_bytes = limits->max_bytes;
		limits->max_bytes = max_size_bytes;
	}
}

int autogrow_limits(const struct policy *policy, const struct facts *facts, const char *tenant,
		    struct autogrow *ret, struct why *why)
{
	struct autogrow_verdict verdict;

	autogrow_decide(policy, facts, tenant, &verdict);
	*ret = verdict.limits;
	*why = verdict.ignored;
	return *why->text ? 1 : 0;
}

uint64_t autogrow_next_bytes(const struct autogrow *limits, uint64_t bytes)
{
	unsigned __int128 part = (unsigned __int128)bytes * limits->by_permille / 1000;
	uint64_t step = part > limits->max_step_bytes ? limits->max_step_bytes : (uint64_t)part;

	step = larger(step, limits->min_step_bytes);
	if (bytes >= limits->max_bytes)
		return bytes;
	return limits->max_bytes - bytes < step ? limits->max_bytes : bytes + step;
}

uint64_t autogrow_step_ms(const struct autogrow *limits)
{
	return larger(limits->budget_ms, limits->cooldown_ms);
}
