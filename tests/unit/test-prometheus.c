/* SPDX-License-Identifier: Apache-2.0 */
#include "host/prometheus.h"

#include "unit.h"

static char *text;
static struct prometheus prometheus;

static int setup(void **state)
{
	(void)state;
	prometheus = (struct prometheus){.out = text_stream(&text)};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fclose(prometheus.out);
	free(text);
	return 0;
}

static void expect(const char *expected)
{
	assert_int_equal(prometheus_end(&prometheus), 0);
	assert_string_equal(text, expected);
}

/* How @value is written. */
static void expect_label(const char *value, const char *expected)
{
	const struct prometheus_label label = {"l", value};
	char *line = NULL;

	setup(NULL);
	prometheus_family(&prometheus, "f", "h");
	prometheus_add(&prometheus, &label, 1, 1);
	assert_true(asprintf(&line, "# HELP f h\n# TYPE f gauge\nf{l=\"%s\"} 1\n", expected) > 0);
	expect(line);
	free(line);
	teardown(NULL);
}

static void writes_families(void **state)
{
	const struct prometheus_label labels[] = {{"a", "1"}, {"b", NULL}};

	(void)state;
	prometheus_family(&prometheus, "x_bytes", "Of x.");
	prometheus_add(&prometheus, labels, 2, UINT64_MAX);
	prometheus_add(&prometheus, labels, 1, 0);
	prometheus_family(&prometheus, "y", "Of y.");
	prometheus_add(&prometheus, NULL, 0, 7);
	expect("# HELP x_bytes Of x.\n# TYPE x_bytes gauge\n"
	       "x_bytes{a=\"1\",b=\"\"} 18446744073709551615\nx_bytes{a=\"1\"} 0\n"
	       "# HELP y Of y.\n# TYPE y gauge\ny 7\n");
}

static void writes_ratios(void **state)
{
	const struct prometheus_label label = {"l", "1"}, other = {"l", "2"};

	(void)state;
	prometheus_family(&prometheus, "r", "h");
	prometheus_add_ratio(&prometheus, &label, 1, 3 * TIB, 2 * TIB);
	prometheus_add_ratio(&prometheus, &other, 1, 3, 0);
	expect("# HELP r h\n# TYPE r gauge\nr{l=\"1\"} 1.500000\n");
}

static void escapes_label_values(void **state)
{
	(void)state;
	expect_label("", "");
	expect_label("plain-1.2_3/{}=#,", "plain-1.2_3/{}=#,");
	expect_label("a\\b\"c\nd", "a\\\\b\\\"c\\nd");
	expect_label("\\n", "\\\\n");
	expect_label("\"} 1\nup 0\n", "\\\"} 1\\nup 0\\n");
}

static void replaces_invalid_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3"},
		{"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
		 "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"},
		{"a\xff"
		 "b",
		 "a?b"},
		{"\x80", "?"},
		{"\xc3", "?"},
		{"\xc3\"", "?\\\""},
		{"\xe2\x82", "??"},
		{"\xe2\x82\n", "??\\n"},
		{"\xf0\x9f\x90", "???"},
		{"\xc0\x80", "??"},
		{"\xc1\xbf", "??"},
		{"\xe0\x9f\xbf", "???"},
		{"\xed\xa0\x80", "???"},
		{"\xf0\x8f\xbf\xbf", "????"},
		{"\xf4\x90\x80\x80", "????"},
		{"\xf5\x80\x80\x80", "????"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char expected[64] = "", *end = expected;

		for (const char *c = cases[i].out; *c; c++) {
			const char one[] = {*c, '\0'};

			end = stpcpy(end, *c == '?' ? "\xef\xbf\xbd" : one);
		}
		expect_label(cases[i].in, expected);
	}
}

static void drops_control_characters(void **state)
{
	(void)state;
	expect_label("a\x1b[2Jb", "a\xef\xbf\xbd[2Jb");
	expect_label("\r\t\x01\x7f", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect_label("\xc2\x9b"
		     "2J",
		     "\xef\xbf\xbd"
		     "2J");
	expect_label("\xc2\xa0", "\xc2\xa0");
}

static void truncates_between_characters(void **state)
{
	char value[PROMETHEUS_VALUE_MAX_BYTES + 3], expected[PROMETHEUS_VALUE_MAX_BYTES + 4];

	(void)state;
	memset(value, 'a', sizeof(value));
	value[PROMETHEUS_VALUE_MAX_BYTES] = '\0';
	expect_label(value, value);
	memcpy(value + PROMETHEUS_VALUE_MAX_BYTES - 1, "\xc3\xa4", 3);
	memcpy(expected, value, PROMETHEUS_VALUE_MAX_BYTES - 1);
	memcpy(expected + PROMETHEUS_VALUE_MAX_BYTES - 1, "...", 4);
	expect_label(value, expected);
}

static void writes_each_series_once(void **state)
{
	const struct prometheus_label a = {"l", "a"}, bad = {"l", "\xff"}, as_bad = {"l", "\xfe"};

	(void)state;
	prometheus_family(&prometheus, "f", "h");
	prometheus_add(&prometheus, &a, 1, 1);
	prometheus_add(&prometheus, &a, 1, 2);
	prometheus_add(&prometheus, &bad, 1, 3);
	prometheus_add(&prometheus, &as_bad, 1, 4);
	prometheus_add(&prometheus, NULL, 0, 5);
	prometheus_add(&prometheus, NULL, 0, 6);
	prometheus_family(&prometheus, "g", "h");
	prometheus_add(&prometheus, &a, 1, 7);
	expect("# HELP f h\n# TYPE f gauge\nf{l=\"a\"} 1\nf{l=\"\xef\xbf\xbd\"} 3\nf 5\n"
	       "# HELP g h\n# TYPE g gauge\ng{l=\"a\"} 7\n");
}

static void reports_a_failed_write(void **state)
{
	FILE *full = fopen("/dev/full", "we");
	struct prometheus p;

	(void)state;
	assert_non_null(full);
	p = (struct prometheus){.out = full};
	prometheus_family(&p, "f", "h");
	assert_int_equal(prometheus_end(&p), -EIO);
	fclose(full);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_families),
		TEST(writes_ratios),
		cmocka_unit_test(escapes_label_values),
		cmocka_unit_test(replaces_invalid_utf8),
		cmocka_unit_test(drops_control_characters),
		cmocka_unit_test(truncates_between_characters),
		TEST(writes_each_series_once),
		cmocka_unit_test(reports_a_failed_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
