/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/decision.h"

#include "unit.h"

#define NOW UINT64_C(100000000)

static struct watch watch, other, *watches[] = {&watch, &other};
static const struct watch_table table = {.watches = watches, .n = 2};
static const struct autogrow general = {.budget = 2, .budget_ms = 600000};

static int set_up(void **state)
{
	(void)state;
	watch = (struct watch){
		.state = WATCH_KNOWN,
		.owner = {.bytes = GIB,
			  .limits = {.max_bytes = 16 * GIB,
				     .at_permille = 850,
				     .cooldown_ms = 30000,
				     .budget = 2,
				     .budget_ms = 600000}},
		.pace = {.last = {.at_ms = NOW,
				  .total_bytes = GIB,
				  .used_bytes = 900 * MIB,
				  .available_bytes = 124 * MIB},
			 .over = 2},
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	budget_free(&watch.steps);
	budget_free(&other.steps);
	return 0;
}

static enum decision decide_at(uint64_t now)
{
	return decide_growth(&watch, &table, &general, now);
}

static void a_full_one_grows(void **state)
{
	(void)state;
	assert_int_equal(decide_at(NOW), DECIDE_GROW);
}

static void one_with_space_does_not_grow(void **state)
{
	(void)state;
	watch.pace.over = 1;
	assert_int_equal(decide_at(NOW), DECIDE_NOTHING);
}

static void one_without_a_maximum_does_not_grow(void **state)
{
	(void)state;
	watch.owner.limits.max_bytes = 0;
	assert_int_equal(decide_at(NOW), DECIDE_NOTHING);
}

static void one_whose_owner_is_not_known_does_not_grow(void **state)
{
	(void)state;
	watch.state = WATCH_NEW;
	assert_int_equal(decide_at(NOW), DECIDE_NOTHING);
	watch.state = WATCH_OTHER;
	assert_int_equal(decide_at(NOW), DECIDE_NOTHING);
}

static void one_grows_once_at_a_time(void **state)
{
	(void)state;
	watch.growing = 4711;
	assert_int_equal(decide_at(NOW), DECIDE_NOTHING);
}

static void one_whose_filesystem_is_too_small_for_its_device_does_not_grow(void **state)
{
	(void)state;
	watch.owner.bytes = 4 * GIB;
	assert_int_equal(decide_at(NOW), DECIDE_NOTHING);
}

static void one_at_its_maximum_does_not_grow(void **state)
{
	(void)state;
	watch.owner.bytes = GIB;
	watch.owner.limits.max_bytes = GIB;
	assert_int_equal(decide_at(NOW), DECIDE_AT_MAX);
	watch.owner.bytes = GIB + MIB;
	assert_int_equal(decide_at(NOW), DECIDE_AT_MAX);
}

static void the_cooldown_is_kept_unless_it_is_urgent(void **state)
{
	(void)state;
	budget_spend(&watch.steps, NOW);
	assert_int_equal(decide_at(NOW + 29999), DECIDE_WAIT);
	assert_int_equal(decide_at(NOW + 30000), DECIDE_GROW);
	watch.pace.bytes_per_s = 100 * MIB;
	assert_int_equal(decide_at(NOW + 1), DECIDE_GROW);
}

static void the_budget_is_kept_even_if_it_is_urgent(void **state)
{
	(void)state;
	budget_spend(&watch.steps, NOW);
	budget_spend(&watch.steps, NOW + 1000);
	watch.pace.bytes_per_s = 400 * MIB;
	assert_int_equal(decide_at(NOW + 60000), DECIDE_BUDGET);
	assert_int_equal(decide_at(NOW + 599999), DECIDE_BUDGET);
	assert_int_equal(decide_at(NOW + 600000), DECIDE_GROW);
}

static void the_pool_has_a_budget_of_ten_containers(void **state)
{
	(void)state;
	for (int i = 0; i < 18; i++)
		budget_spend(&other.steps, NOW);
	budget_spend(&watch.steps, NOW);
	assert_int_equal(decide_at(NOW + 30000), DECIDE_GROW);
	budget_spend(&other.steps, NOW + 1);
	assert_int_equal(decide_at(NOW + 30000), DECIDE_POOL_BUDGET);
	assert_int_equal(decide_at(NOW + 600000), DECIDE_GROW);
}

static void failures_back_off_to_forty_minutes(void **state)
{
	static const uint64_t seconds[] = {5,	10,  20,   40,	 80,   160,
					   320, 640, 1280, 2400, 2400, 2400};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		watch.backoff_ms = decide_backoff_ms(watch.backoff_ms);
		assert_int_equal(watch.backoff_ms, seconds[i] * 1000);
	}
	watch.backoff_until_ms = NOW + watch.backoff_ms;
	assert_int_equal(decide_at(NOW + 2399999), DECIDE_WAIT);
	assert_int_equal(decide_at(NOW + 2400000), DECIDE_GROW);
}

/* Its device has the length already; a step of that which fails does not hold it up. */
static void a_growth_in_the_background_comes_first(void **state)
{
	(void)state;
	watch.finish.at_ms = NOW + 2000;
	assert_int_equal(decide_at(NOW), DECIDE_WAIT);
	watch.finish.backoff_ms = 5000;
	assert_int_equal(decide_at(NOW), DECIDE_GROW);
}

static void one_that_may_not_grow_is_not_looked_at_often(void **state)
{
	(void)state;
	assert_int_equal(decide_next_sample(&watch, DECIDE_GROW, NOW), NOW + 500);
	assert_int_equal(decide_next_sample(&watch, DECIDE_AT_MAX, NOW), NOW + 5000);
	assert_int_equal(decide_next_sample(&watch, DECIDE_BUDGET, NOW), NOW + 5000);
	watch.backoff_until_ms = NOW + 1;
	assert_int_equal(decide_next_sample(&watch, DECIDE_WAIT, NOW), NOW + 5000);
	watch.owner.limits.max_bytes = 0;
	assert_int_equal(decide_next_sample(&watch, DECIDE_NOTHING, NOW), NOW + 60000);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_full_one_grows),
		test(one_with_space_does_not_grow),
		test(one_without_a_maximum_does_not_grow),
		test(one_whose_owner_is_not_known_does_not_grow),
		test(one_grows_once_at_a_time),
		test(one_whose_filesystem_is_too_small_for_its_device_does_not_grow),
		test(one_at_its_maximum_does_not_grow),
		test(the_cooldown_is_kept_unless_it_is_urgent),
		test(the_budget_is_kept_even_if_it_is_urgent),
		test(the_pool_has_a_budget_of_ten_containers),
		test(failures_back_off_to_forty_minutes),
		test(a_growth_in_the_background_comes_first),
		test(one_that_may_not_grow_is_not_looked_at_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
