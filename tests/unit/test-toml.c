/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/toml.h"

#include "unit.h"

#define S TOML_SEP

static struct toml toml;
static struct why why;

static int parse(const char *text)
{
	toml_free(&toml);
	return toml_parse(text, strlen(text), &toml, &why);
}

static int teardown(void **state)
{
	(void)state;
	toml_free(&toml);
	return 0;
}

/* The value is written as @raw, and means @text. */
static void assert_item(const char *source, const char *path, const char *raw, const char *text)
{
	const struct toml_item *item;

	assert_int_equal(parse(source), 0);
	item = toml_find(&toml, path);
	assert_non_null(item);
	assert_int_equal(item->end - item->start, strlen(raw));
	assert_memory_equal(source + item->start, raw, strlen(raw));
	if (text)
		assert_string_equal(item->text, text);
	else
		assert_int_equal(item->text == NULL, item->kind == TOML_TABLE);
}

static void finds_values_and_their_places(void **state)
{
	(void)state;
	assert_item("a = 1", "a", "1", "1");
	assert_item("# x\n\n  a=true # y\r\n", "a", "true", "true");
	assert_item("a.b . \"c.d\" = 'x'\n", "a" S "b" S "c.d", "'x'", "x");
	assert_item("[t]\na = 1979-05-27 07:32:00 # x\n", "t" S "a", "1979-05-27 07:32:00",
		    "1979-05-27 07:32:00");
	assert_item("[ a . 'b' ]\nc = +1_000.5e-3\n[z]\n", "a" S "b" S "c", "+1_000.5e-3",
		    "+1_000.5e-3");
	assert_item("x = 1\n[plugins.\"io.x.v1\".a] # y\n", "plugins" S "io.x.v1" S "a",
		    "[plugins.\"io.x.v1\".a]", NULL);
	assert_item("[[a.b]]\nc = 1\n", "a" S "b", "[[a.b]]", NULL);
}

static void reads_all_kinds_of_strings(void **state)
{
	(void)state;
	assert_item("a = \"x \\\"y\\\" \\\\ \\t \\u00e9 \\U0001F600 # no\"", "a",
		    "\"x \\\"y\\\" \\\\ \\t \\u00e9 \\U0001F600 # no\"",
		    "x \"y\" \\ \t \xc3\xa9 \xf0\x9f\x98\x80 # no");
	assert_item("a = 'x\\n'", "a", "'x\\n'", "x\\n");
	assert_item("a = \"\"\"\nx \"y\" \\\n   z\n[no]\n\"\"\"\nb = 2\n", "a",
		    "\"\"\"\nx \"y\" \\\n   z\n[no]\n\"\"\"", "x \"y\" z\n[no]\n");
	assert_item("a = '''\nb = 'c' \\\n'''\n", "a", "'''\nb = 'c' \\\n'''", "b = 'c' \\\n");
	assert_item("a = \"\"\"x\"\"\"\"\"\n", "a", "\"\"\"x\"\"\"\"\"", "x\"\"");
	assert_item("a = \"\"\nb = ''\n", "a", "\"\"", "");
}

static void reads_arrays_and_inline_tables(void **state)
{
	static const char text[] = "a = [ 'x', # one\n\n \"y\" ,\n ] # end\n"
				   "t = { u = 1, v.w = [[2], []] }\n";

	(void)state;
	assert_item(text, "a", "[ 'x', # one\n\n \"y\" ,\n ]", NULL);
	assert_item(text, "a" S "[]", "'x'", "x");
	assert_item(text, "t" S "u", "1", "1");
	assert_item(text, "t" S "v" S "w" S "[]" S "[]", "2", "2");
	assert_int_equal(toml_find(&toml, "t")->kind, TOML_INLINE);
	assert_int_equal(toml.n, 9);
	assert_null(toml_find(&toml, "v"));
}

/* Where a statement or member begins, its own part of the path, and what contains it. */
static void knows_keys_and_what_is_around(void **state)
{
	static const char text[] = "[a]\n b.\"c\" = { d = [ 'x' ] }\n";
	const struct toml_item *item;

	(void)state;
	assert_int_equal(parse(text), 0);
	item = toml_find(&toml, "a" S "b" S "c");
	assert_int_equal(item->key, 5);
	assert_string_equal(item->path + item->base, S "b" S "c");
	assert_false(item->inner);
	assert_string_equal(item->text, "{ d = [ 'x' ] }");
	item = toml_find(&toml, "a" S "b" S "c" S "d");
	assert_memory_equal(text + item->key, "d =", 3);
	assert_string_equal(item->path + item->base, S "d");
	assert_true(item->inner);
	item = toml_find(&toml, "a" S "b" S "c" S "d" S "[]");
	assert_memory_equal(text + item->key, "'x'", 3);
	assert_true(item->inner);
	assert_true(toml_has(&toml, "a" S "b"));
	assert_false(toml_has(&toml, "b"));
	assert_true(toml_is_at_or_below("a" S "b", "a"));
	assert_false(toml_is_at_or_below("ab", "a"));
}

static void reads_around_a_byte_order_mark_and_templates(void **state)
{
	(void)state;
	assert_item(TOML_BOM "a = 1\n", "a", "1", "1");
	assert_item("{{ template \"base\" . }}\n\n[t]\na = 1\n", "t" S "a", "1", "1");
	assert_item("{{- if .x }}\na = {{ printf \"%q\" .y }}\n{{ end -}}\nb = 1\n", "a",
		    "{{ printf \"%q\" .y }}", "{{ printf \"%q\" .y }}");
	assert_non_null(toml_find(&toml, "b"));
	assert_item("{{- /* a\nb = 2 */ -}}\nb = 1\n", "b", "1", "1");
	assert_int_equal(toml.n, 1);
	assert_int_equal(parse("{{ template\n"), -EINVAL);
}

static void writes_strings_and_keys(void **state)
{
	static const struct {
		const char *text, *string, *key;
	} cases[] = {
		{"a-b_1", "\"a-b_1\"", "a-b_1"},
		{"a.b", "\"a.b\"", "\"a.b\""},
		{"", "\"\"", "\"\""},
		{"\"\\\n\xc3\xa9", "\"\\\"\\\\\\u000a\xc3\xa9\"", "\"\\\"\\\\\\u000a\xc3\xa9\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *string = toml_quote(cases[i].text), *key = toml_quote_key(cases[i].text);

		assert_string_equal(string, cases[i].string);
		assert_string_equal(key, cases[i].key);
		free(string);
		free(key);
	}
}

static void reports_where_the_error_is(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"a", "a key without \"=\" in line 1"},
		{"a = 1\nb =\n", "a missing value in line 2"},
		{"a = 1 2 = 3\n[b\n", "an unterminated table name in line 2"},
		{"a = 'x\n'", "an unterminated string in line 1"},
		{"a = \"\"\"x\n\n", "an unterminated string in line 3"},
		{"a = \"\\q\"", "an invalid escape"},
		{"a = \"\\u12g4\"", "an invalid escape"},
		{"a = \"x\" y", "unexpected text"},
		{"a = [1 2]\nb = [3", "expected \",\" or a closing bracket"},
		{"a = {b = 1", "expected \",\" or a closing bracket"},
		{"a = {{ b", "an unterminated template action"},
		{"= 1", "a missing key"},
		{"\"\\u001f\" = 1", "a key with a control character"},
		{"[]\n", "a missing key"},
	};
	char deep[200] = "a = ";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(parse(cases[i].text), -EINVAL);
		assert_contains(why.text, cases[i].reason);
	}
	memset(deep + 4, '[', 100);
	assert_int_equal(parse(deep), -EINVAL);
	assert_contains(why.text, "nested too deeply");
	assert_int_equal(toml_parse("a = 1\0", 6, &toml, &why), -EINVAL);
}

#define TOML_TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOML_TEST(finds_values_and_their_places),
		TOML_TEST(reads_all_kinds_of_strings),
		TOML_TEST(reads_arrays_and_inline_tables),
		TOML_TEST(knows_keys_and_what_is_around),
		TOML_TEST(reads_around_a_byte_order_mark_and_templates),
		TOML_TEST(writes_strings_and_keys),
		TOML_TEST(reports_where_the_error_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
