/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/budget.h"

#include "unit.h"

#define PERIOD 600000

static void an_empty_budget_is_free(void **state)
{
	const struct budget budget = {0};

	(void)state;
	assert_int_equal(budget_spent(&budget, PERIOD, 5), 0);
	assert_int_equal(budget_last(&budget), 0);
}

static void only_the_latest_steps_are_spent(void **state)
{
	struct budget budget = {0};

	(void)state;
	for (uint64_t at = 1000; at <= 3000; at += 1000)
		assert_int_equal(budget_spend(&budget, at), 0);
	assert_int_equal(budget_spent(&budget, PERIOD, 3000), 3);
	assert_int_equal(budget_spent(&budget, PERIOD, 999 + PERIOD), 3);
	assert_int_equal(budget_spent(&budget, PERIOD, 1000 + PERIOD), 2);
	assert_int_equal(budget_spent(&budget, PERIOD, 3000 + PERIOD), 0);
	assert_int_equal(budget_last(&budget), 3000);
	budget_free(&budget);
}

/* It may have been forgotten meanwhile: it took that long. */
static void a_step_that_was_not_made_is_free_again(void **state)
{
	struct budget budget = {0};

	(void)state;
	assert_int_equal(budget_spend(&budget, 1000), 0);
	assert_int_equal(budget_spend(&budget, 2000), 0);
	budget_take_back(&budget);
	assert_int_equal(budget_last(&budget), 1000);
	budget_expire(&budget, PERIOD, 1000 + PERIOD);
	budget_take_back(&budget);
	assert_int_equal(budget.n, 0);
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
		cmocka_unit_test(only_the_latest_steps_are_spent),
		cmocka_unit_test(a_step_that_was_not_made_is_free_again),
		cmocka_unit_test(old_steps_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
