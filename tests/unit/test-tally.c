/* SPDX-License-Identifier: Apache-2.0 */
#include "job/tally.h"

#include "json-text.h"
#include "role/role.h"

static char *print(const struct tally *tally, bool dry_run)
{
	char *text;
	FILE *out = text_stream(&text);

	tally_print(tally, dry_run, out);
	fclose(out);
	return text;
}

static void expect(struct tally tally, bool dry_run, const char *expected)
{
	char *text = print(&tally, dry_run);

	assert_string_equal(text, expected);
	free(text);
}

static void leaves_out_zero_counts(void **state)
{
	(void)state;
	expect((struct tally){0}, false, "no containers\n");
	expect((struct tally){{[FATE_GROWN] = 2}}, false, "2 grown\n");
	expect((struct tally){{[FATE_GROWN] = 2, [FATE_KEPT] = 1}}, true,
	       "2 would grow, 1 large enough\n");
	expect((struct tally){{1, 2, 3, 4, 5, 6, 7, 8, 9}}, false,
	       "1 grown, 2 large enough, 3 without a request, 4 not running or not on a thin "
	       "device, 5 postponed, 6 refused, 7 failed, 8 not found, 9 left undone\n");
}

static void json_has_every_count(void **state)
{
	const struct tally tally = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
	struct json_writer *w = json_writer_begin();
	char *text;

	(void)state;
	tally_json(&tally, w);
	text = json_text(w);
	assert_string_equal(text, "{\"summary\":{\"grown\":1,\"kept\":2,\"unasked\":3,"
				  "\"passed_over\":4,\"postponed\":5,\"refused\":6,\"failed\":7,"
				  "\"missing\":8,\"left\":9}}\n");
	free(text);
}

static int status_with(enum fate fate, enum fate other)
{
	struct tally tally = {{0}};

	tally.n[fate]++;
	tally.n[other]++;
	return tally_exit_status(&tally);
}

static void the_worst_result_is_the_exit_status(void **state)
{
	(void)state;
	assert_int_equal(tally_exit_status(&(struct tally){{0}}), EXIT_OK);
	assert_int_equal(status_with(FATE_GROWN, FATE_KEPT), EXIT_OK);
	assert_int_equal(status_with(FATE_UNASKED, FATE_PASSED_OVER), EXIT_OK);
	assert_int_equal(status_with(FATE_GROWN, FATE_MISSING), EXIT_NOT_APPLICABLE);
	assert_int_equal(status_with(FATE_REFUSED, FATE_MISSING), EXIT_REFUSED);
	assert_int_equal(status_with(FATE_FAILED, FATE_REFUSED), EXIT_FAILED);
	assert_int_equal(status_with(FATE_POSTPONED, FATE_REFUSED), EXIT_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_out_zero_counts),
		cmocka_unit_test(json_has_every_count),
		cmocka_unit_test(the_worst_result_is_the_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
