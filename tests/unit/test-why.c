/* SPDX-License-Identifier: Apache-2.0 */
#include "base/why.h"

#include "unit.h"

static void returns_the_error(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(why_set(&why, EIO, "%s %d", "a", 1), -EIO);
	assert_string_equal(why.text, "a 1");
	assert_int_equal(why_set(&why, 0, "b"), 0);
	assert_string_equal(why.text, "b");
}

static void prepends_a_prefix_to_a_reason(void **state)
{
	struct why why;

	(void)state;
	why_set(&why, EIO, "100 %%s");
	assert_int_equal(why_prefix(&why, -EPERM, "outer"), -EPERM);
	assert_string_equal(why.text, "outer: 100 %s");
}

static void truncates_long_reasons(void **state)
{
	char text[2000];
	struct why why;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	why_set(&why, EIO, "%s", text);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	why_prefix(&why, -EIO, "outer");
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_int_equal(strncmp(why.text, "outer: xxx", 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_the_error),
		cmocka_unit_test(prepends_a_prefix_to_a_reason),
		cmocka_unit_test(truncates_long_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
