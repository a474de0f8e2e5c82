/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/autogrow.h"
#include "policy/policy.h"

#include "unit.h"

static struct policy policy;
static struct rule rule;
static struct autogrow_verdict verdict;
static const struct facts facts = {.engine = "docker"};

static int setup(void **state)
{
	(void)state;
	policy = policy_builtin;
	rule = (struct rule){.name = "r", .file = "/x.json", .line = 7};
	return 0;
}

static void with_rule(void)
{
	policy.rules = &rule;
	policy.n_rules = 1;
}

static void decide(const char *tenant, uint64_t max_bytes, enum autogrow_source source)
{
	autogrow_decide(&policy, &facts, tenant, &verdict);
	assert_int_equal(verdict.limits.max_bytes, max_bytes);
	assert_int_equal(verdict.source, source);
}

static void is_obeyed(void)
{
	assert_string_equal(verdict.ignored.text, "");
	assert_int_equal(verdict.exceeded_bytes, 0);
}

static void it_is_off_until_somebody_gives_a_maximum(void **state)
{
	(void)state;
	decide(NULL, 0, AUTOGROW_OFF);
	is_obeyed();
	policy.autogrow.max_bytes = 4 * GIB;
	decide(NULL, 4 * GIB, AUTOGROW_CONFIG);
	policy.autogrow.max_bytes = 0;
	decide("5G", 5 * GIB, AUTOGROW_TENANT);
	is_obeyed();
	with_rule();
	rule.has_autogrow_max = true;
	rule.autogrow.max_bytes = 6 * GIB;
	decide(NULL, 6 * GIB, AUTOGROW_RULE);
	assert_ptr_equal(verdict.rule, &rule);
	is_obeyed();
}

static void a_rule_replaces_what_it_names(void **state)
{
	(void)state;
	policy.autogrow.max_bytes = 4 * GIB;
	with_rule();
	rule.autogrow = (struct autogrow){.by_permille = 70, .budget = 9, .budget_ms = 5000};
	decide(NULL, 4 * GIB, AUTOGROW_CONFIG);
	assert_int_equal(verdict.limits.at_permille, policy_builtin.autogrow.at_permille);
	assert_int_equal(verdict.limits.by_permille, 70);
	assert_int_equal(verdict.limits.min_step_bytes, policy_builtin.autogrow.min_step_bytes);
	assert_int_equal(verdict.limits.max_step_bytes, policy_builtin.autogrow.max_step_bytes);
	assert_int_equal(verdict.limits.cooldown_ms, policy_builtin.autogrow.cooldown_ms);
	assert_int_equal(verdict.limits.budget, 9);
	assert_int_equal(verdict.limits.budget_ms, 5000);
	rule.autogrow = (struct autogrow){
		.at_permille = 600, .min_step_bytes = 1, .max_step_bytes = 2, .cooldown_ms = 3};
	decide(NULL, 4 * GIB, AUTOGROW_CONFIG);
	assert_int_equal(verdict.limits.at_permille, 600);
	assert_int_equal(verdict.limits.min_step_bytes, 1);
	assert_int_equal(verdict.limits.max_step_bytes, 2);
	assert_int_equal(verdict.limits.cooldown_ms, 3);
	assert_int_equal(verdict.limits.budget, policy_builtin.autogrow.budget);
	/* null in a rule */
	rule.has_autogrow_max = true;
	decide(NULL, 0, AUTOGROW_OFF);
}

static void a_rule_that_does_not_match_changes_nothing(void **state)
{
	(void)state;
	with_rule();
	rule.engine = "podman";
	rule.has_autogrow_max = true;
	rule.autogrow.max_bytes = 6 * GIB;
	decide(NULL, 0, AUTOGROW_OFF);
	assert_null(verdict.rule);
}

static void the_tenants_maximum_wins_where_it_is_lower(void **state)
{
	(void)state;
	policy.autogrow.max_bytes = 8 * GIB;
	decide("3G", 3 * GIB, AUTOGROW_TENANT);
	is_obeyed();
	decide("8G", 8 * GIB, AUTOGROW_CONFIG);
	is_obeyed();
	decide("9G", 8 * GIB, AUTOGROW_CONFIG);
	assert_string_equal(verdict.ignored.text,
			    "9 GiB is more than 8 GiB, which the configuration allows");
	assert_int_equal(verdict.exceeded_bytes, 0);
}

static void no_maximum_is_above_max_size(void **state)
{
	(void)state;
	policy.max_bytes = 2 * GIB;
	decide("3G", 2 * GIB, AUTOGROW_TENANT);
	assert_int_equal(verdict.exceeded_bytes, 3 * GIB);
	assert_string_equal(verdict.ignored.text, "");
	/* the rule's own max_size, higher or lower */
	with_rule();
	rule.max_bytes = 5 * GIB;
	decide("3G", 3 * GIB, AUTOGROW_TENANT);
	is_obeyed();
	policy.autogrow.max_bytes = 2 * GIB;
	rule.max_bytes = GIB;
	decide(NULL, GIB, AUTOGROW_CONFIG);
	assert_int_equal(verdict.exceeded_bytes, 2 * GIB);
}

static void what_is_no_size_is_ignored_with_a_reason(void **state)
{
	static const char *const texts[] = {"", "lots", "0", "-1G", "+1G", "9999P", "1G\n"};

	(void)state;
	policy.autogrow.max_bytes = 8 * GIB;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct autogrow limits;
		struct why why;

		decide(texts[i], 8 * GIB, AUTOGROW_CONFIG);
		assert_string_not_equal(verdict.ignored.text, "");
		assert_int_equal(autogrow_limits(&policy, &facts, texts[i], &limits, &why), 1);
		assert_string_equal(why.text, verdict.ignored.text);
		assert_int_equal(limits.max_bytes, 8 * GIB);
	}
}

static void a_rule_that_allows_no_requests_ignores_the_tenants(void **state)
{
	(void)state;
	with_rule();
	rule.request = RULE_REQUEST_IGNORE;
	decide("3G", 0, AUTOGROW_OFF);
	assert_string_equal(verdict.ignored.text, "rule \"r\" (/x.json:7) allows no requests");
	rule.request = RULE_REQUEST_DENY;
	rule.has_autogrow_max = true;
	rule.autogrow.max_bytes = 6 * GIB;
	decide("3G", 6 * GIB, AUTOGROW_RULE);
	assert_string_not_equal(verdict.ignored.text, "");
}

static void limits_alone_are_the_same(void **state)
{
	struct autogrow limits;
	struct why why;

	(void)state;
	assert_int_equal(autogrow_limits(&policy, &facts, "3G", &limits, &why), 0);
	assert_int_equal(limits.max_bytes, 3 * GIB);
	assert_int_equal(autogrow_limits(&policy, &facts, NULL, &limits, &why), 0);
	assert_int_equal(limits.max_bytes, 0);
}

static void a_step_is_a_part_of_the_size_within_its_bounds(void **state)
{
	struct autogrow limits = {.max_bytes = TIB,
				  .by_permille = 500,
				  .min_step_bytes = GIB,
				  .max_step_bytes = 64 * GIB};

	(void)state;
	assert_int_equal(autogrow_next_bytes(&limits, GIB), 2 * GIB);
	assert_int_equal(autogrow_next_bytes(&limits, 8 * GIB), 12 * GIB);
	assert_int_equal(autogrow_next_bytes(&limits, 256 * GIB), 320 * GIB);
	assert_int_equal(autogrow_next_bytes(&limits, TIB - GIB), TIB);
	assert_int_equal(autogrow_next_bytes(&limits, TIB), TIB);
	assert_int_equal(autogrow_next_bytes(&limits, 2 * TIB), 2 * TIB);
	limits.max_bytes = UINT64_MAX;
	limits.max_step_bytes = UINT64_MAX;
	limits.by_permille = 10000;
	assert_int_equal(autogrow_next_bytes(&limits, UINT64_MAX / 2), UINT64_MAX);
}

/* As it ships, 1 GiB grows to 16 GiB within one budget. */
static void the_defaults_reach_sixteen_times_the_size_in_one_budget(void **state)
{
	struct autogrow limits = policy_builtin.autogrow;
	uint64_t bytes = GIB;

	(void)state;
	limits.max_bytes = 16 * GIB;
	for (unsigned int i = 0; i < limits.budget; i++)
		bytes = autogrow_next_bytes(&limits, bytes);
	assert_int_equal(bytes, 16 * GIB);
}

#define AUTOGROW_TEST(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AUTOGROW_TEST(it_is_off_until_somebody_gives_a_maximum),
		AUTOGROW_TEST(a_rule_replaces_what_it_names),
		AUTOGROW_TEST(a_rule_that_does_not_match_changes_nothing),
		AUTOGROW_TEST(the_tenants_maximum_wins_where_it_is_lower),
		AUTOGROW_TEST(no_maximum_is_above_max_size),
		AUTOGROW_TEST(what_is_no_size_is_ignored_with_a_reason),
		AUTOGROW_TEST(a_rule_that_allows_no_requests_ignores_the_tenants),
		AUTOGROW_TEST(limits_alone_are_the_same),
		AUTOGROW_TEST(a_step_is_a_part_of_the_size_within_its_bounds),
		AUTOGROW_TEST(the_defaults_reach_sixteen_times_the_size_in_one_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
