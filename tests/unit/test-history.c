/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/history.h"

#include "unit.h"

#define NOW UINT64_C(1000000)

static struct history history;

static int teardown(void **state)
{
	(void)state;
	history_free(&history);
	return 0;
}

/* A disk that grew @steps times at NOW, and backs off until @backoff. */
static void keep(const char *device, int steps, uint64_t backoff)
{
	struct past past = {.device = strdup(device),
			    .remembered_ms = 600000,
			    .backoff_ms = backoff ? 5000 : 0,
			    .backoff_until_ms = backoff};

	for (int i = 0; i < steps; i++)
		assert_int_equal(budget_spend(&past.steps, NOW), 0);
	assert_int_equal(history_keep(&history, &past, NOW), 0);
	assert_int_equal(past.steps.n, 0);
	free(past.device);
}

static void what_grew_is_remembered_once(void **state)
{
	struct past past;

	(void)state;
	keep("a", 2, 0);
	keep("b", 1, NOW + 7000);
	assert_int_equal(history_take(&history, "b", &past), 1);
	assert_int_equal(past.steps.n, 1);
	assert_int_equal(past.backoff_until_ms, NOW + 7000);
	budget_free(&past.steps);
	assert_int_equal(history_take(&history, "b", &past), 0);
	assert_int_equal(history_take(&history, "a", &past), 1);
	assert_int_equal(past.steps.n, 2);
	budget_free(&past.steps);
}

static void what_did_not_grow_is_not_remembered(void **state)
{
	(void)state;
	keep("a", 0, 0);
	keep("b", 0, NOW);
	assert_int_equal(history.n, 0);
}

static void what_has_no_effect_any_more_is_forgotten(void **state)
{
	(void)state;
	keep("a", 1, 0);
	keep("b", 0, NOW + 900000);
	keep("c", 1, 0);
	history_expire(&history, NOW + 599999);
	assert_int_equal(history.n, 3);
	history_expire(&history, NOW + 600000);
	assert_int_equal(history.n, 1);
	assert_string_equal(history.pasts[0].device, "b");
	history_expire(&history, NOW + 900000);
	assert_int_equal(history.n, 0);
}

#define test(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_grew_is_remembered_once),
		test(what_did_not_grow_is_not_remembered),
		test(what_has_no_effect_any_more_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
