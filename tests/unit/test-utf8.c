/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "unit.h"

static void returns_the_length_of_a_character(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{"", 1},
		{"a", 1},
		{"\x7f", 1},
		{"\xc2\x80", 2},
		{"\xdf\xbf", 2},
		{"\xe0\xa0\x80", 3},
		{"\xed\x9f\xbf", 3},
		{"\xee\x80\x80", 3},
		{"\xf0\x90\x80\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		/* no lead byte */
		{"\x80", 0},
		{"\xbf", 0},
		{"\xff", 0},
		/* cut off */
		{"\xc3", 0},
		{"\xe2\x82", 0},
		{"\xf0\x9f\x90", 0},
		/* overlong */
		{"\xc0\x80", 0},
		{"\xc1\xbf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		/* surrogates */
		{"\xed\xa0\x80", 0},
		{"\xed\xbf\xbf", 0},
		/* above U+10FFFF */
		{"\xf4\x90\x80\x80", 0},
		{"\xf5\x80\x80\x80", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(utf8_length(cases[i].text), cases[i].len);
		assert_int_equal(utf8_is_valid(cases[i].text), cases[i].len != 0);
	}
}

static void checks_the_whole_text(void **state)
{
	(void)state;
	assert_true(utf8_is_valid("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3z"));
	assert_false(utf8_is_valid("a\xc3\xa4\xe2\x82"));
	assert_false(utf8_is_valid("a\xed\xa0\x80z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_the_length_of_a_character),
		cmocka_unit_test(checks_the_whole_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
