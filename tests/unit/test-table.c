/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base/progress.h"
#include "unit.h"

static const struct table_column columns[] = {
	{.title = "NAME", .shrinks = true},
	{.title = "SIZE", .right = true},
	{.title = "STATE"},
};

static void add(struct table *table, const char *name, const char *size, const char *word,
		enum style style)
{
	const struct table_cell cells[] = {{name, STYLE_PLAIN}, {size, style}, {word, STYLE_PLAIN}};

	assert_int_equal(table_add(table, cells), 0);
}

static char *print(struct table *table, size_t width, bool colours)
{
	char *text;
	FILE *out = text_stream(&text);

	assert_int_equal(table_print(table, width, colours, out), 0);
	fclose(out);
	table_free(table);
	return text;
}

static struct table table_of_two(void)
{
	struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};

	add(&table, "web", "4G", "running", STYLE_PLAIN);
	add(&table, "0123456789abcdef", NULL, "", STYLE_PLAIN);
	return table;
}

static void without_a_width_nothing_is_shortened(void **state)
{
	struct table table = table_of_two();
	char *text = print(&table, 0, false);

	(void)state;
	assert_string_equal(text, "NAME             SIZE STATE\n"
				  "web                4G running\n"
				  "0123456789abcdef    - -\n");
	free(text);
}

static void one_column_shrinks_until_all_fits(void **state)
{
	struct table table = table_of_two();
	char *text = print(&table, 25, false);

	(void)state;
	assert_string_equal(text, "NAME         SIZE STATE\n"
				  "web            4G running\n"
				  "012345~bcdef    - -\n");
	free(text);
	table = table_of_two();
	text = print(&table, 1, false); /* but not to nothing */
	assert_contains(text, "0123~def    - -\n");
	free(text);
	table = table_of_two();
	text = print(&table, 29, false);
	assert_contains(text, "0123456789abcdef    - -\n");
	free(text);
}

static void colours_stay_within_their_cell(void **state)
{
	struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};
	char *text;

	(void)state;
	add(&table, "web", "4G", "running", STYLE_BAD);
	text = print(&table, 0, true);
	assert_contains(text, "\nweb  \x1b[1;31m  4G\x1b[0m running\n");
	free(text);
	table = (struct table){.columns = columns, .n_columns = COUNT_OF(columns)};
	add(&table, "web", "4G", "running", STYLE_BAD);
	text = print(&table, 0, false);
	assert_lacks(text, "\x1b");
	free(text);
}

static void escapes_text(void **state)
{
	struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};
	char *text;

	(void)state;
	add(&table, "a\x1b[2J", "\n", "\xff", STYLE_PLAIN);
	text = print(&table, 0, false);
	assert_lacks(text, "\x1b");
	assert_lacks(text, "\xff");
	free(text);
}

static void uses_bold_on_a_terminal_only(void **state)
{
	struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};
	char *text;

	(void)state;
	text = print(&table, 0, true);
	assert_string_equal(text, "\x1b[1mNAME SIZE STATE\x1b[0m\n");
	free(text);
}

static void draws_the_bar(void **state)
{
	char line[PROGRESS_LINE_BYTES];

	(void)state;
	progress_format("docker:web", 0, TIB, 0, line);
	assert_string_equal(line, "docker:web [                ]   0 % of 1 TiB");
	progress_format("docker:web", TIB / 2, TIB, 11001, line);
	assert_string_equal(line, "docker:web [########        ]  50 % of 1 TiB, 12 s left");
	progress_format("web", TIB / 2, TIB, 179999, line);
	assert_contains(line, ", 3 min left");
	progress_format("web", TIB / 2, TIB, 7200000, line);
	assert_contains(line, ", 2 h left");
	progress_format("web", TIB - 1, TIB, 0, line);
	assert_contains(line, " 99 %");
	progress_format("web", UINT64_MAX, UINT64_MAX, 0, line);
	assert_contains(line, "100 %");
	progress_format("web", 2, 1, 0, line);
	assert_contains(line, "100 %");
	progress_format("web", 0, 0, 0, line);
	assert_contains(line, "100 %");
	progress_format("containerd:a-name-that-is-long", 1000 * GIB, 1023 * GIB + 1, 3599000,
			line);
	assert_string_equal(line,
			    "containerd:a~hat-is-long [############### ]  97 % of ~1023.00 GiB, "
			    "59 min left");
	progress_format("a\x1b[2J", 0, TIB, 0, line);
	assert_lacks(line, "\x1b");
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
		cmocka_unit_test(without_a_width_nothing_is_shortened),
		cmocka_unit_test(one_column_shrinks_until_all_fits),
		cmocka_unit_test(colours_stay_within_their_cell),
		cmocka_unit_test(escapes_text),
		cmocka_unit_test(uses_bold_on_a_terminal_only),
		cmocka_unit_test(draws_the_bar),
		cmocka_unit_test(an_interrupt_stops_at_the_next_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
