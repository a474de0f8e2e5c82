/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/budget.h"

#include "unit.h"

#define PERIOD 600000

static void an_empty_budget_is_free(void **state)
{
	const struct budget budget = {0};

	(void)state;
	assert_int_equal(budget_free_at(&budget, 1, PERIOD, 5), 0);
	assert_int_equal(budget_last(&budget), 0);
}

static void a_used_up_budget_is_free_when_its_first_step_is_old(void **state)
{
	struct budget budget = {0};

	(void)state;
	for (uint64_t at = 1000; at <= 3000; at += 1000)
		assert_int_equal(budget_spend(&budget, at), 0);
	assert_int_equal(budget_free_at(&budget, 4, PERIOD, 3000), 0);
	assert_int_equal(budget_free_at(&budget, 3, PERIOD, 3000), 1000 + PERIOD);
	assert_int_equal(budget_free_at(&budget, 3, PERIOD, 999 + PERIOD), 1000 + PERIOD);
	assert_int_equal(budget_free_at(&budget, 3, PERIOD, 1000 + PERIOD), 0);
	assert_int_equal(budget_last(&budget), 3000);
	budget_free(&budget);
}

/* The configuration may have changed since. */
static void a_smaller_budget_waits_for_the_last_of_its_steps(void **state)
{
	struct budget budget = {0};

	(void)state;
	for (uint64_t at = 1000; at <= 3000; at += 1000)
		assert_int_equal(budget_spend(&budget, at), 0);
	assert_int_equal(budget_free_at(&budget, 1, PERIOD, 3000), 3000 + PERIOD);
	budget_free(&budget);
}

static void old_steps_are_forgotten(void **state)
{
	struct budget budget = {0};

	(void)state;
	for (uint64_t at = 1000; at <= 3000; at += 1000)
		assert_int_equal(budget_spend(&budget, at), 0);
	budget_expire(&budget, PERIOD, 999 + PERIOD);
	assert_int_equal(budget.n, 3);
	budget_expire(&budget, PERIOD, 2000 + PERIOD);
	assert_int_equal(budget.n, 1);
	assert_int_equal(budget_last(&budget), 3000);
	budget_expire(&budget, PERIOD, 3000 + PERIOD);
	assert_int_equal(budget.n, 0);
	budget_free(&budget);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_budget_is_free),
		cmocka_unit_test(a_used_up_budget_is_free_when_its_first_step_is_old),
		cmocka_unit_test(a_smaller_budget_waits_for_the_last_of_its_steps),
		cmocka_unit_test(old_steps_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
