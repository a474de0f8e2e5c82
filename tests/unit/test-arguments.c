/* SPDX-License-Identifier: Apache-2.0 */
#include "arguments.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "capture.h"

#include <getopt.h>

#define ARGUMENTS_MAX 12

static int run(const struct arguments *args)
{
	(void)args;
	return EXIT_OK;
}

static const struct command try = {
	.name = "try",
	.arguments = "NAME",
	.help = "Usage: try\n",
	.options = {"all", "json", "output", "data-root"},
	.min_operands = 1,
	.max_operands = 2,
	.run = run,
};
static const struct command bare = {.name = "bare", .help = "Usage: bare\n", .run = run};
static const struct command *const commands[] = {&try, &bare, NULL};

static char words[ARGUMENTS_MAX][32];
static char *argv[ARGUMENTS_MAX + 1];
static struct capture out, err;
static struct arguments args;
static const struct command *command;

/* Parses "oci-thin-grow @line". */
static enum arguments_result parse(const char *line)
{
	static char program[] = "oci-thin-grow";
	enum arguments_result result;
	int argc = 1;

	argv[0] = program;
	for (const char *at = line; *line && at && argc < ARGUMENTS_MAX;
	     at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
		snprintf(words[argc], sizeof(words[0]), "%.*s", (int)strcspn(at, " "), at);
		argv[argc] = words[argc];
		argc++;
	}
	argv[argc] = NULL;
	optind = 0;
	capture_begin(&out, stdout);
	capture_begin(&err, stderr);
	result = arguments_parse(commands, argc, argv, &args, &command);
	capture_end(&err);
	capture_end(&out);
	return result;
}

static void expect_misuse(const char *line, const char *message)
{
	char expected[200];

	assert_int_equal(parse(line), ARGUMENTS_WRONG);
	snprintf(expected, sizeof(expected), "oci-thin-grow: %s\n", message);
	assert_string_equal(err.text, expected);
	assert_string_equal(out.text, "");
}

#define SEE_TRY	    "; see oci-thin-grow try --help"
#define SEE_PROGRAM "; see oci-thin-grow --help"

static void options_may_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"try web --all --output=n db --data-root /usr --data-root /",
		"--all --output n try --data-root=/usr web db --data-root /",
		"--data-root /usr --data-root / --output n --all try web db",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		assert_int_equal(parse(lines[i]), ARGUMENTS_RUN);
		assert_ptr_equal(command, &try);
		assert_string_equal(args.command, "try");
		assert_true(args.all);
		assert_false(args.json);
		assert_string_equal(args.output, "n");
		assert_int_equal(args.target.n_more_roots, 2);
		assert_string_equal(args.target.more_roots[1], "/");
		assert_int_equal(args.n_operands, 2);
		assert_string_equal(args.operands[0], "web");
		assert_string_equal(args.operands[1], "db");
		assert_null(args.operands[2]);
		assert_string_equal(err.text, "");
	}
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(parse("try -- --all"), ARGUMENTS_RUN);
	assert_false(args.all);
	assert_string_equal(args.operands[0], "--all");
}

static void help_and_version_come_before_errors(void **state)
{
	(void)state;
	assert_int_equal(parse("try --all --help --wrong"), ARGUMENTS_HELP);
	assert_ptr_equal(command, &try);
	assert_int_equal(parse("--help bare"), ARGUMENTS_HELP);
	assert_ptr_equal(command, &bare);
	assert_int_equal(parse("--help"), ARGUMENTS_HELP);
	assert_null(command);
	assert_int_equal(parse("try --version"), ARGUMENTS_VERSION);
	assert_int_equal(parse("-V"), ARGUMENTS_VERSION);
	assert_int_equal(parse("try -h"), ARGUMENTS_HELP);
	assert_ptr_equal(command, &try);
	assert_int_equal(parse("help try"), ARGUMENTS_HELP);
	assert_ptr_equal(command, &try);
	assert_int_equal(parse("help --verbose try"), ARGUMENTS_HELP);
	assert_ptr_equal(command, &try);
	assert_int_equal(parse("help"), ARGUMENTS_HELP);
	assert_null(command);
	assert_int_equal(parse(""), ARGUMENTS_NOTHING);
	assert_string_equal(err.text, "");
}

static void expect_json(const char *line, const char *reason)
{
	_cleanup_free_ char *expected =
		text_new("{\"container\":null,\"action\":\"fail\",\"reason\":\"%s\"}\n", reason);

	assert_int_equal(parse(line), ARGUMENTS_WRONG);
	assert_non_null(expected);
	assert_string_equal(out.text, expected);
}

static void an_error_is_json_too_if_that_is_anywhere_on_the_line(void **state)
{
	(void)state;
	expect_json("try --json", "NAME is missing");
	expect_json("--json try --nope web", "unknown option \\\"--nope\\\"");
	expect_json("try --nope web --json", "unknown option \\\"--nope\\\"");
	expect_json("try web db x --json", "unexpected argument \\\"x\\\"");
	expect_json("bare --json", "it takes no --json");
	expect_json("--json nope", "unknown command \\\"nope\\\"; see oci-thin-grow --help");
	expect_json("--nope --json", "unknown option \\\"--nope\\\"; see oci-thin-grow --help");
	expect_json("--json", "no command is given; see oci-thin-grow --help");
	assert_int_equal(parse("try -- a b c --json"), ARGUMENTS_WRONG);
	assert_string_equal(out.text, "");
}

static void an_error_names_the_command_and_its_help(void **state)
{
	(void)state;
	expect_misuse("try --wrong", "try: unknown option \"--wrong\"" SEE_TRY);
	expect_misuse("--wrong try", "try: unknown option \"--wrong\"" SEE_TRY);
	expect_misuse("try --wr\x1bong", "try: unknown option \"--wr\\x1bong\"" SEE_TRY);
	expect_misuse("try -x", "try: unknown option \"-x\"" SEE_TRY);
	expect_misuse("try web -xyz", "try: unknown option \"-x\"" SEE_TRY);
	expect_misuse("try --output", "try: --output needs a value" SEE_TRY);
	expect_misuse("try --json=1", "try: --json takes no value" SEE_TRY);
	expect_misuse("try --data-root a --data-root /",
		      "try: --data-root \"a\": not an absolute path" SEE_TRY);
	expect_misuse("try --data-root /nope",
		      "try: --data-root /nope: No such file or directory" SEE_TRY);
	expect_misuse("--wrong", "unknown option \"--wrong\"" SEE_PROGRAM);
	expect_misuse("frob --help", "unknown command \"frob\"" SEE_PROGRAM);
	expect_misuse("tri\x1b web", "unknown command \"tri\\x1b\"" SEE_PROGRAM);
}

static void suggests_the_name_that_was_probably_meant(void **state)
{
	(void)state;
	expect_misuse("try --outptu=x",
		      "try: unknown option \"--outptu=x\"; did you mean --output?");
	expect_misuse("try --dataroot",
		      "try: unknown option \"--dataroot\"; did you mean --data-root?");
	expect_misuse("tryy", "unknown command \"tryy\"; did you mean try?");
	expect_misuse("help rty", "unknown command \"rty\"; did you mean try?");
	expect_misuse("resize web 4G", "unknown command \"resize\"; did you mean grow?");
	expect_misuse("help frob", "unknown command \"frob\"" SEE_PROGRAM);
}

static void an_option_of_another_command_is_an_error(void **state)
{
	(void)state;
	expect_misuse("try web --watch", "try: it takes no --watch" SEE_TRY);
	expect_misuse("try --pid=1 web", "try: it takes no --pid" SEE_TRY);
	expect_misuse("--pid 1 try web", "try: it takes no --pid" SEE_TRY);
	expect_misuse("--all bare", "bare: it takes no --all; see oci-thin-grow bare --help");
	assert_int_equal(parse("bare --config /x"), ARGUMENTS_RUN);
	assert_string_equal(args.config_file, "/x");
}

/* Only this command's options are considered: a new option of another one breaks no script. */
static void an_abbreviation_is_unique_among_the_commands_options(void **state)
{
	(void)state;
	assert_int_equal(parse("try --d /usr --a --j --ou n web"), ARGUMENTS_RUN);
	assert_string_equal(args.target.more_roots[0], "/usr");
	assert_int_equal(args.target.n_more_roots, 1);
	assert_true(args.all);
	assert_true(args.json);
	assert_string_equal(args.output, "n");
	assert_string_equal(args.operands[0], "web");
	assert_int_equal(parse("--ou n --al try web"), ARGUMENTS_RUN);
	assert_string_equal(args.output, "n");
	assert_true(args.all);
	expect_misuse("try web --ver", "try: unknown option \"--ver\"" SEE_TRY);
}

static void operands_are_counted(void **state)
{
	(void)state;
	expect_misuse("try", "try: NAME is missing" SEE_TRY);
	expect_misuse("try a b c", "try: unexpected argument \"c\"" SEE_TRY);
	expect_misuse("bare a", "bare: unexpected argument \"a\"; see oci-thin-grow bare --help");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(help_and_version_come_before_errors),
		cmocka_unit_test(an_error_is_json_too_if_that_is_anywhere_on_the_line),
		cmocka_unit_test(an_error_names_the_command_and_its_help),
		cmocka_unit_test(suggests_the_name_that_was_probably_meant),
		cmocka_unit_test(an_option_of_another_command_is_an_error),
		cmocka_unit_test(an_abbreviation_is_unique_among_the_commands_options),
		cmocka_unit_test(operands_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
