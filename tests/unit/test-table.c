/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base/progress.h"
#include "unit.h"

static const struct table_column columns[] = {
	{"NAME", 8, false},
	{"SIZE", 5, true},
	{"STATE", 7, false},
};

static char *print(struct table *table, bool terminal)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(table_print(table, terminal, out), 0);
	fclose(out);
	table_free(table);
	return text;
}

static void aligns_and_cuts(void **state)
{
	struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};
	char *text;

	(void)state;
	assert_int_equal(table_add(&table, (const char *const[]){"web", "4G", "running"}), 0);
	assert_int_equal(table_add(&table, (const char *const[]){"0123456789", NULL, ""}), 0);
	text = print(&table, false);
	assert_string_equal(text, "NAME     SIZE STATE\n"
				  "web        4G running\n"
				  "0123~789    - -\n");
	free(text);
}

static void makes_text_harmless(void **state)
{
	struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};
	char *text;

	(void)state;
	assert_int_equal(table_add(&table, (const char *const[]){"a\x1b[2J", "\n", "\xff"}), 0);
	text = print(&table, false);
	assert_lacks(text, "\x1b");
	assert_lacks(text, "\xff");
	free(text);
}

static void stands_out_on_a_terminal_only(void **state)
{
	struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};
	char *text;

	(void)state;
	text = print(&table, true);
	assert_string_equal(text, "\x1b[1mNAME SIZE STATE\x1b[0m\n");
	free(text);
}

static void the_bar_moves(void **state)
{
	char line[PROGRESS_LINE_BYTES];

	(void)state;
	progress_format(0, TIB, line);
	assert_string_equal(line, "[                                        ]   0 % of 1 TiB");
	progress_format(TIB / 2, TIB, line);
	assert_string_equal(line, "[####################                    ]  50 % of 1 TiB");
	progress_format(TIB - 1, TIB, line);
	assert_contains(line, " 99 %");
	progress_format(UINT64_MAX, UINT64_MAX, line);
	assert_contains(line, "100 %");
	progress_format(2, 1, line);
	assert_contains(line, "100 %");
	progress_format(0, 0, line);
	assert_contains(line, "100 %");
}

static void an_interrupt_stops_at_the_next_step(void **state)
{
	struct progress progress;

	(void)state;
	progress_begin(&progress);
	assert_true(progress_step(1, 2, &progress));
	raise(SIGINT);
	assert_false(progress_step(1, 2, &progress));
	progress_end(&progress);
	progress_begin(&progress);
	assert_true(progress_step(1, 2, &progress));
	raise(SIGTERM);
	assert_false(progress_step(2, 2, &progress));
	progress_end(&progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_and_cuts),
		cmocka_unit_test(makes_text_harmless),
		cmocka_unit_test(stands_out_on_a_terminal_only),
		cmocka_unit_test(the_bar_moves),
		cmocka_unit_test(an_interrupt_stops_at_the_next_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
