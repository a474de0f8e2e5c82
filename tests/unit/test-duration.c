/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include "unit.h"

static void is(const char *text, uint64_t expected_ms)
{
	uint64_t ms = 7;

	assert_int_equal(duration_parse(text, &ms), 0);
	assert_int_equal(ms, expected_ms);
}

static void reads_digits_and_a_unit(void **state)
{
	(void)state;
	is("500ms", 500);
	is("0s", 0);
	is("10s", 10000);
	is("007m", 420000);
	is("2h", 7200000);
	is("999999999h", UINT64_C(999999999) * 3600000);
}

static void refuses_everything_else(void **state)
{
	static const char *const texts[] = {
		"",    "10",  "s",     "1 s", " 1s", "-1s", "+1s",  "1.5s", "1S",   "1min",
		"1s ", "1sm", "1h30m", "1d",  "m1",  "1us", "0x1s", "1\ns", "1m\n", "1000000000s"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		uint64_t ms = 7;

		assert_int_equal(duration_parse(texts[i], &ms), -EINVAL);
		assert_int_equal(ms, 7);
	}
}

static void formats_in_the_largest_exact_unit(void **state)
{
	(void)state;
	assert_string_equal(duration_format(0), "0ms");
	assert_string_equal(duration_format(999), "999ms");
	assert_string_equal(duration_format(1000), "1s");
	assert_string_equal(duration_format(1500), "1500ms");
	assert_string_equal(duration_format(90000), "90s");
	assert_string_equal(duration_format(600000), "10m");
	assert_string_equal(duration_format(7200000), "2h");
	assert_string_equal(duration_format(UINT64_MAX), "18446744073709551615ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_digits_and_a_unit),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(formats_in_the_largest_exact_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
