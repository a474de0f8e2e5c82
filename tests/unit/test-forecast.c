/* SPDX-License-Identifier: Apache-2.0 */
#include "host/forecast.h"

#include "unit.h"

static char name[] = "pool", other[] = "other";
static struct daemon_pool watched[] = {{.device = other, .bytes_per_second = 1},
				       {.device = name, .bytes_per_second = MIB}};
static const struct daemon_state nothing, daemon_state = {.pools = watched, .n_pools = 2};

/* 100 MiB, of which 40 are used */
static struct thin_pool pool(void)
{
	return (struct thin_pool){
		.name = name, .block_sectors = 128, .data_used_blocks = 640, .data_blocks = 1600};
}

static struct forecast look(const struct daemon_state *daemon, const struct thin_pool *of)
{
	struct forecast forecast;

	forecast_pool(daemon, of, &forecast);
	return forecast;
}

static void a_pool_is_full_when_its_free_space_is_used_up(void **state)
{
	struct thin_pool of = pool();
	struct forecast forecast = look(&daemon_state, &of);

	(void)state;
	assert_true(forecast.known && forecast.fills);
	assert_int_equal(forecast.bytes_per_second, MIB);
	assert_int_equal(forecast.seconds, 60);
	of.data_used_blocks = 1601; /* it was shortened */
	assert_int_equal(look(&daemon_state, &of).seconds, 0);
	assert_true(look(&daemon_state, &of).fills);
}

static void nothing_is_known_without_the_daemon(void **state)
{
	struct thin_pool of = pool();

	(void)state;
	assert_false(look(&nothing, &of).known || look(&nothing, &of).fills);
	of.name = (char[]){"unwatched"};
	assert_false(look(&daemon_state, &of).known || look(&daemon_state, &of).fills);
}

static void a_pool_that_does_not_fill_is_never_full(void **state)
{
	struct thin_pool of = pool();

	(void)state;
	watched[1].bytes_per_second = 0;
	assert_true(look(&daemon_state, &of).known);
	assert_false(look(&daemon_state, &of).fills);
	watched[1].bytes_per_second = MIB;
}

static void it_is_bad_within_a_day_if_nobody_extends_the_pool(void **state)
{
	struct forecast forecast = {.known = true, .fills = true, .seconds = 86399};

	(void)state;
	assert_true(forecast_is_bad(&forecast, EXTENDER_NOBODY));
	assert_false(forecast_is_bad(&forecast, EXTENDER_DMEVENTD));
	assert_false(forecast_is_bad(&forecast, EXTENDER_STRATIS));
	forecast.seconds = 86400;
	assert_false(forecast_is_bad(&forecast, EXTENDER_NOBODY));
	forecast = (struct forecast){.known = true};
	assert_false(forecast_is_bad(&forecast, EXTENDER_NOBODY));
}

static void durations_have_two_units(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {
		{0, "< 1m"},
		{59, "< 1m"},
		{60, "1m"},
		{3599, "59m"},
		{3600, "1h 0m"},
		{5 * 3600 + 12 * 60 + 59, "5h 12m"},
		{86399, "23h 59m"},
		{86400, "1d 0h"},
		{3 * 86400 + 4 * 3600, "3d 4h"},
		{31535999, "364d 23h"},
		{31536000, "> 1y"},
		{UINT64_MAX, "> 1y"},
	};
	struct text out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(forecast_into(&out, rows[i].seconds), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_is_full_when_its_free_space_is_used_up),
		cmocka_unit_test(nothing_is_known_without_the_daemon),
		cmocka_unit_test(a_pool_that_does_not_fill_is_never_full),
		cmocka_unit_test(it_is_bad_within_a_day_if_nobody_extends_the_pool),
		cmocka_unit_test(durations_have_two_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
