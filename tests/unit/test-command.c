/* SPDX-License-Identifier: Apache-2.0 */
#include "role/command.h"

#include "capture.h"
#include "role/role.h"

#include <getopt.h>

#define ARGUMENTS_MAX 12

static struct seen {
	bool all, json;
	const char *name;
	char taken[32];
} seen;

static int take(void *context, const char *value, struct why *why)
{
	struct seen *into = context;

	if (strcmp(value, "bad") == 0)
		return why_set(why, EINVAL, "this one is bad");
	strcat(into->taken, value);
	return 0;
}

static const struct command_option options[] = {
	{"all", .flag = &seen.all},
	{"json", .flag = &seen.json},
	{"name", .value = &seen.name},
	{"take", .take = take, .context = &seen},
	{.name = NULL},
};
static const struct command command = {"try", "Usage: try\n", options};

static char words[ARGUMENTS_MAX][32];
static char *argv[ARGUMENTS_MAX + 1];
static struct capture out, err;
static int status;

/* Parses `try @line`; whether to go on. */
static bool parse(const char *line)
{
	bool go_on;
	int argc = 0;

	for (const char *at = line; at && argc < ARGUMENTS_MAX;
	     at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
		snprintf(words[argc], sizeof(words[0]), "%.*s", (int)strcspn(at, " "), at);
		argv[argc] = words[argc];
		argc++;
	}
	argv[argc] = NULL;
	optind = 0;
	seen = (struct seen){0};
	status = -1;
	capture_begin(&out, stdout);
	capture_begin(&err, stderr);
	go_on = command_parse(&command, argc, argv, &status);
	capture_end(&err);
	capture_end(&out);
	return go_on;
}

static void expect_misuse(const char *line, const char *message)
{
	char expected[200];

	assert_false(parse(line));
	assert_int_equal(status, EXIT_USAGE);
	snprintf(expected, sizeof(expected),
		 "oci-thin-grow: try: %s; see oci-thin-grow try --help\n", message);
	assert_string_equal(err.text, expected);
	assert_string_equal(out.text, "");
}

static void reads_options_wherever_they_are(void **state)
{
	(void)state;
	assert_true(parse("try web --all --name=n db --take a --take b"));
	assert_true(seen.all);
	assert_false(seen.json);
	assert_string_equal(seen.name, "n");
	assert_string_equal(seen.taken, "ab");
	assert_string_equal(argv[optind], "web");
	assert_string_equal(argv[optind + 1], "db");
	assert_null(argv[optind + 2]);
	assert_string_equal(err.text, "");
}

static void stops_at_two_dashes(void **state)
{
	(void)state;
	assert_true(parse("try -- --all"));
	assert_false(seen.all);
	assert_string_equal(argv[optind], "--all");
}

static void explains_itself(void **state)
{
	(void)state;
	assert_false(parse("try --all --help --wrong"));
	assert_int_equal(status, EXIT_OK);
	assert_string_equal(out.text, "Usage: try\n");
	assert_false(parse("try --version"));
	assert_int_equal(status, EXIT_OK);
	assert_string_equal(out.text, "oci-thin-grow " VERSION "\n");
}

static void tells_what_is_wrong(void **state)
{
	(void)state;
	expect_misuse("try --wrong", "unknown option \"--wrong\"");
	expect_misuse("try --wr\x1bong", "unknown option \"--wr\\x1bong\"");
	expect_misuse("try -x", "unknown option \"-x\"");
	expect_misuse("try web -xyz", "unknown option \"-x\"");
	expect_misuse("try --name", "--name needs a value");
	expect_misuse("try --json=1", "--json takes no value");
	expect_misuse("try --take bad --take a", "this one is bad");
}

static void needs_no_options_of_its_own(void **state)
{
	static const struct command bare = {"bare", "Usage: bare\n", NULL};
	char name[] = "bare", *own[] = {name, NULL};

	(void)state;
	optind = 0;
	assert_true(command_parse(&bare, 1, own, &status));
	assert_int_equal(optind, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options_wherever_they_are),
		cmocka_unit_test(stops_at_two_dashes),
		cmocka_unit_test(explains_itself),
		cmocka_unit_test(tells_what_is_wrong),
		cmocka_unit_test(needs_no_options_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
