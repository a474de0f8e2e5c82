/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/toml-edit.h"

#include "unit.h"

#define S	TOML_SEP
#define COMMENT "# ours"

static struct why why;
static struct edit_text text;

static void begin(const char *from)
{
	edit_free(&text);
	assert_int_equal(edit_copy(from, strlen(from), &text), 0);
}

static int teardown(void **state)
{
	(void)state;
	edit_free(&text);
	return 0;
}

static void sets_a_value_and_nothing_else(void **state)
{
	(void)state;
	begin("[a]\r\n 'b' = \"x\" # b = \"x\"\r\nc = '''\nb = 1'''");
	assert_int_equal(toml_set(&text, "a" S "b", "2", &why), 0);
	assert_string_equal(text.text, "[a]\r\n 'b' = 2 # b = \"x\"\r\nc = '''\nb = 1'''");
	assert_int_equal(toml_set(&text, "a" S "d", "2", &why), -ENOENT);
	assert_int_equal(toml_set(&text, "a", "2", &why), -ENOENT);
	begin("[a");
	assert_int_equal(toml_set(&text, "a" S "b", "2", &why), -EINVAL);
}

/* Adds the key "k" to the table a.b, in the way in which that is written, and removes it again. */
static void adds_as_the_table_is_written_and_removes_that(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"[a.b]\nx = 1\n", "[a.b]\nk = 1\nx = 1\n"},
		{"  [a.\"b\"] # c\n", "  [a.\"b\"] # c\n  k = 1\n"},
		{"[a.b.c]\n[a.b]\n", "[a.b.c]\n[a.b]\nk = 1\n"},
		{"[a]\nb = {}\n", "[a]\nb = {k = 1}\n"},
		{"[a]\nb = { }\n", "[a]\nb = {k = 1 }\n"},
		{"[a]\nb = { x = [1, {}] } # c\n", "[a]\nb = { x = [1, {}], k = 1 } # c\n"},
		{"a = { b = { x = '}' }, y = 2 }\n", "a = { b = { x = '}', k = 1 }, y = 2 }\n"},
		{"[a]\n  b.x = 1 # c\n  z = 1\n", "[a]\n  b.x = 1 # c\n  b.k = 1\n  z = 1\n"},
		{"[a]\n'b' . \"x.y\" = 1\n", "[a]\n'b' . \"x.y\" = 1\n'b' .k = 1\n"},
		{"a.b.c.d = 1\n", "a.b.c.d = 1\na.b.k = 1\n"},
		{"\"a\".'b'.c = \"\"\"\n\"\"\"\n",
		 "\"a\".'b'.c = \"\"\"\n\"\"\"\n\"a\".'b'.k = 1\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		begin(cases[i].before);
		assert_int_equal(toml_add(&text, "a" S "b", "k", "1", &why), 0);
		assert_string_equal(text.text, cases[i].after);
		assert_int_equal(toml_cut(&text, "a" S "b" S "k", COMMENT, &why), 0);
		assert_string_equal(text.text, cases[i].before);
	}
}

static void puts_a_key_whether_it_is_there_or_not(void **state)
{
	(void)state;
	begin("[a]\n");
	assert_int_equal(toml_put(&text, "a", "k", "1", &why), 0);
	assert_int_equal(toml_put(&text, "a", "k", "2", &why), 0);
	assert_int_equal(toml_put(&text, "", "k", "3", &why), 0);
	assert_int_equal(toml_put(&text, "", "k", "4", &why), 0);
	assert_string_equal(text.text, "k = 4\n[a]\nk = 2\n");
	assert_int_equal(toml_put(&text, "b", "k", "1", &why), -ENOENT);
}

static void adds_tables_in_braces_where_there_are_braces(void **state)
{
	(void)state;
	begin("a = { x = 1 }\n");
	assert_int_equal(toml_add(&text, "a" S "b.c" S "d", "k", "1", &why), 0);
	assert_string_equal(text.text, "a = { x = 1, \"b.c\" = { d = { k = 1 } } }\n");
	assert_int_equal(toml_cut(&text, "a" S "b.c" S "d" S "k", COMMENT, &why), 0);
	assert_int_equal(toml_cut_empty(&text, "a" S "b.c" S "d", COMMENT, &why), 0);
	assert_int_equal(toml_cut_empty(&text, "a" S "b.c", COMMENT, &why), 0);
	assert_string_equal(text.text, "a = { x = 1 }\n");
}

static void adds_outside_of_tables_or_says_that_there_is_no_table(void **state)
{
	(void)state;
	begin("version = 3\n[a.b.c]\n");
	assert_int_equal(toml_add(&text, "a" S "b", "k", "1", &why), -ENOENT);
	assert_int_equal(toml_add(&text, "a" S "x", "k", "1", &why), -ENOENT);
	assert_int_equal(toml_add(&text, "", "k", "1", &why), 0);
	assert_string_equal(text.text, "version = 3\nk = 1\n[a.b.c]\n");
	begin(TOML_BOM "# c\n[a]\n");
	assert_int_equal(toml_add(&text, "", "k", "1", &why), 0);
	assert_string_equal(text.text, TOML_BOM "k = 1\n# c\n[a]\n");
	begin("version = 3");
	assert_int_equal(toml_add(&text, "", "k", "1", &why), 0);
	assert_string_equal(text.text, "version = 3\nk = 1");
	assert_int_equal(toml_cut(&text, "k", COMMENT, &why), 0);
	assert_string_equal(text.text, "version = 3");
}

static void adds_and_removes_elements(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"a = []\n", "a = [\"k\"]\n"},
		{"a = [ ]\n", "a = [\"k\" ]\n"},
		{"a = [ 'x' , ] # c\n", "a = [ 'x', \"k\" , ] # c\n"},
		{"a = [\n  'x', # x\n]\n", "a = [\n  'x', \"k\", # x\n]\n"},
		{"a = [[1, 2]]", "a = [[1, 2], \"k\"]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		begin(cases[i].before);
		assert_int_equal(toml_add_element(&text, "a", "k", &why), 0);
		assert_string_equal(text.text, cases[i].after);
		assert_int_equal(toml_cut_element(&text, "a", "k", &why), 0);
		assert_string_equal(text.text, cases[i].before);
	}
	begin("a = [ 'k' , 'x', \"\\u006b\"] # 'k'\nb = ['k']\n");
	assert_int_equal(toml_cut_element(&text, "a", "k", &why), 0);
	assert_string_equal(text.text, "a = [ 'x'] # 'k'\nb = ['k']\n");
	assert_int_equal(toml_add_element(&text, "c", "k", &why), -ENOENT);
}

/* All of a.b, and nothing that others wrote. */
static void removes_a_table_wherever_it_is_written(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"x = 1\n# ours\n[a.b]\nc = 1\n[a.b.d]\ne = 1\n[z]\n", "x = 1\n[z]\n"},
		{"[a.b]\nc = 1\n# theirs\n\n[a.b.d]\n# theirs, too\ne = 1\n[z]\n",
		 "# theirs\n\n# theirs, too\n[z]\n"},
		{"[\"a\" . 'b']\r\nc = '''\r\n[z]'''\r\n[z]\r\n", "[z]\r\n"},
		{"[a]\nb.c = 1\nx = 1\nb.d = 1", "[a]\nx = 1"},
		{"[z]\r\n[a.b]\r\nc = 1", "[z]"},
		{"[a]\nb = { c = 1 } # theirs\n", "[a]\n"},
		{"a = { b = 1, x = 2 }\n", "a = { x = 2 }\n"},
		{"a = { x = 2, b = { c = [1] }, y = 3 }\n", "a = { x = 2, y = 3 }\n"},
		{"a.b.c = 1\n# ours\n[x]\n", "# ours\n[x]\n"},
		{"x = '# ours'\n  # ours\t\n[a.b]", "x = '# ours'"},
		{"[a.bc]\n[a]\nbc = 1\n[b]\nx = 'a.b'\n", "[a.bc]\n[a]\nbc = 1\n[b]\nx = 'a.b'\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		begin(cases[i].before);
		assert_int_equal(toml_cut(&text, "a" S "b", COMMENT, &why), 0);
		assert_string_equal(text.text, cases[i].after);
	}
}

static void removes_empty_headers_only(void **state)
{
	(void)state;
	begin("# ours\n[a]\n# x\n[a.b]\nc = 1\n");
	assert_int_equal(toml_cut_empty(&text, "a", COMMENT, &why), 0);
	assert_string_equal(text.text, "# x\n[a.b]\nc = 1\n");
	assert_int_equal(toml_cut_empty(&text, "a" S "b", COMMENT, &why), 0);
	assert_string_equal(text.text, "# x\n[a.b]\nc = 1\n");
	begin("[a]\n  b = 1\n[c]");
	assert_int_equal(toml_cut_empty(&text, "a", COMMENT, &why), 0);
	assert_int_equal(toml_cut_empty(&text, "c", COMMENT, &why), 0);
	assert_string_equal(text.text, "[a]\n  b = 1");
}

static void appends_on_lines_of_its_own(void **state)
{
	(void)state;
	begin("");
	assert_int_equal(toml_append(&text, "[a]\n", &why), 0);
	assert_int_equal(toml_append(&text, "[b]", &why), 0);
	assert_int_equal(toml_append(&text, "[c]\n", &why), 0);
	assert_string_equal(text.text, "[a]\n[b]\n[c]");
}

#define EDIT_TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EDIT_TEST(sets_a_value_and_nothing_else),
		EDIT_TEST(adds_as_the_table_is_written_and_removes_that),
		EDIT_TEST(puts_a_key_whether_it_is_there_or_not),
		EDIT_TEST(adds_tables_in_braces_where_there_are_braces),
		EDIT_TEST(adds_outside_of_tables_or_says_that_there_is_no_table),
		EDIT_TEST(adds_and_removes_elements),
		EDIT_TEST(removes_a_table_wherever_it_is_written),
		EDIT_TEST(removes_empty_headers_only),
		EDIT_TEST(appends_on_lines_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
