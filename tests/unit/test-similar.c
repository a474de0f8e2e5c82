/* SPDX-License-Identifier: Apache-2.0 */
#include "base/similar.h"

#include "unit.h"

static unsigned int distance(const char *typed, const char *name)
{
	return similar_distance(typed, strlen(typed), name);
}

static void counts_letters_that_are_wrong_missing_added_or_swapped(void **state)
{
	(void)state;
	assert_int_equal(distance("list", "list"), 0);
	assert_int_equal(distance("lisd", "list"), 1);
	assert_int_equal(distance("lis", "list"), 1);
	assert_int_equal(distance("listt", "list"), 1);
	assert_int_equal(distance("lsit", "list"), 1);
	assert_int_equal(distance("explian", "explain"), 1);
	assert_int_equal(distance("exlpan", "explain"), 2);
	assert_int_equal(similar_distance("listt=x", 5, "list"), 1);
}

static void names_with_more_differences_are_not_similar(void **state)
{
	(void)state;
	assert_int_equal(distance("lots", "list"), SIMILAR_NOT);
	assert_int_equal(distance("", "list"), SIMILAR_NOT);
	assert_int_equal(distance("abcplain", "explain"), SIMILAR_NOT);
	assert_int_equal(distance("explainexplainexplainexplain", "explain"), SIMILAR_NOT);
}

static const char *nearest(const char *typed, const char *const names[], size_t n)
{
	struct similar similar = {0};

	for (size_t i = 0; i < n; i++)
		similar_try(&similar, typed, strlen(typed), names[i]);
	return similar.name;
}

static void the_first_of_the_nearest_names_is_meant(void **state)
{
	static const char *const names[] = {"explain", "list", "lint", "lisp"};

	(void)state;
	assert_string_equal(nearest("lis", names, 4), "list");
	assert_string_equal(nearest("lintt", names, 4), "lint");
	assert_null(nearest("grow", names, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_letters_that_are_wrong_missing_added_or_swapped),
		cmocka_unit_test(names_with_more_differences_are_not_similar),
		cmocka_unit_test(the_first_of_the_nearest_names_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
