/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/runtime-args.h"

#include "unit.h"

/* @line is split at blanks, after "runc". The strings live until the next call. */
static struct runtime_args parse(const char *line)
{
	static char words[512];
	struct runtime_args args;
	char *argv[32] = {(char[]){"runc"}}, *rest = words;
	size_t n = 1;

	snprintf(words, sizeof(words), "%s", line);
	while ((argv[n] = strsep(&rest, " ")) && n + 1 < COUNT_OF(argv))
		n += *argv[n] != '\0';
	argv[n] = NULL;
	runtime_args_parse(argv, &args);
	return args;
}

static void expect(const char *line, const char *subcommand, const char *container,
		   const char *bundle)
{
	struct runtime_args args = parse(line);

	if (subcommand)
		assert_string_equal(args.subcommand ? args.subcommand : "(none)", subcommand);
	else
		assert_null(args.subcommand);
	if (container)
		assert_string_equal(args.container ? args.container : "(none)", container);
	else
		assert_null(args.container);
	assert_string_equal(args.bundle, bundle);
}

static void reads_the_command_lines_of_engines(void **state)
{
	struct runtime_args args;

	(void)state;
	args = parse("--root /run/runc --log /b/log.json --log-format json --systemd-cgroup create "
		     "--bundle /b --pid-file /b/init.pid --console-socket /tmp/c.sock 0123");
	assert_string_equal(args.subcommand, "create");
	assert_string_equal(args.container, "0123");
	assert_string_equal(args.bundle, "/b");
	assert_string_equal(args.log, "/b/log.json");
	assert_string_equal(args.log_format, "json");
	assert_null(args.spec);
	args = parse("--log=/b/l --root=/r create --bundle=/b --no-pivot -f /b/spec.json c1");
	assert_string_equal(args.log, "/b/l");
	assert_string_equal(args.log_format, "text");
	assert_string_equal(args.spec, "/b/spec.json");
	assert_string_equal(args.container, "c1");
}

static void recognises_a_log_that_is_not_a_file(void **state)
{
	(void)state;
	assert_string_equal(parse("--log file:/b/log create c1").log, "/b/log");
	assert_null(parse("--log syslog:c1 create c1").log);
	assert_null(parse("--log journald:c1 create c1").log);
	assert_string_equal(parse("--log ./x:y create c1").log, "./x:y");
}

/* crun's create and run, src/run_create.c. */
static void the_spec_is_in_the_bundle_only_if_it_has_the_usual_name(void **state)
{
	(void)state;
	assert_null(parse("run -b /b -f config.json c1").spec);
	assert_null(parse("run --config=config.json --bundle /b c1").spec);
	assert_string_equal(parse("run -b /b -f ./config.json c1").spec, "./config.json");
	assert_string_equal(parse("run -b /b -f other.json c1").spec, "other.json");
}

static void reads_every_form_of_an_option(void **state)
{
	(void)state;
	expect("create --bundle /b c1", "create", "c1", "/b");
	expect("create --bundle=/b c1", "create", "c1", "/b");
	expect("create -bundle /b c1", "create", "c1", "/b");
	expect("create -bundle=/b c1", "create", "c1", "/b");
	expect("create -b /b c1", "create", "c1", "/b");
	expect("create -b=/b c1", "create", "c1", "/b");
	expect("create -b/b c1", "create", "c1", "/b");
	expect("create c1 --bundle /b", "create", "c1", "/b");
	expect("create c1 -b /b", "create", "c1", "/b");
	expect("create --bundle /a --bundle /b c1", "create", "c1", "/b");
	expect("create --bundle= c1", "create", "c1", "");
}

/*
 * Every option of runc 1.0 to 1.5 and crun 0.17 to 1.28 before the subcommand, and of create and
 * run.
 */
static const struct {
	const char *option;
	bool global, value;
} all_options[] = {
	{"--debug", true, false},
	{"--log", true, true},
	{"--log-format", true, true},
	{"--log-level", true, true},
	{"--root", true, true},
	{"--criu", true, true},
	{"--rootless", true, true},
	{"--cgroup-manager", true, true},
	{"--systemd-cgroup", true, false},
	{"--version", true, false},
	{"-v", true, false},
	{"--help", true, false},
	{"-h", true, false},
	{"--bundle", false, true},
	{"-b", false, true},
	{"--config", false, true},
	{"-f", false, true},
	{"--console-socket", false, true},
	{"--pidfd-socket", false, true},
	{"--pid-file", false, true},
	{"--preserve-fds", false, true},
	{"--detach", false, false},
	{"-d", false, false},
	{"--keep", false, false},
	{"--no-pivot", false, false},
	{"--no-new-keyring", false, false},
	{"--no-subreaper", false, false},
};

/* An option's value that is a word of its own is not a subcommand or container. */
static void distinguishes_values_from_operands(void **state)
{
	static const char *const subcommands[] = {"create", "run"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all_options) * 2; i++) {
		const char *option = all_options[i / 2].option, *subcommand = subcommands[i % 2];
		const char *value = all_options[i / 2].value ? "state" : "";
		struct runtime_args args;
		char line[128];

		if (all_options[i / 2].global)
			snprintf(line, sizeof(line), "%s %s %s c1", option, value, subcommand);
		else
			snprintf(line, sizeof(line), "%s %s %s c1", subcommand, option, value);
		args = parse(line);
		if (!args.subcommand || strcmp(args.subcommand, subcommand) != 0 ||
		    !args.container || strcmp(args.container, "c1") != 0)
			fail_msg("%s", line);
	}
}

static void matches_whole_option_names(void **state)
{
	(void)state;
	expect("create --bundled /x c1", "create", "/x", ".");
	expect("create --bundl /x c1", "create", "/x", ".");
	expect("--pid-file create c1", "create", "c1", ".");
	expect("create --root c1", "create", "c1", ".");
}

static void reads_combined_short_options(void **state)
{
	(void)state;
	expect("run -db /b c1", "run", "c1", "/b");
	expect("run -db/b c1", "run", "c1", "/b");
	assert_string_equal(parse("run -df /s.json c1").spec, "/s.json");
	expect("run -d c1", "run", "c1", ".");
}

static void ends_options_at_two_dashes(void **state)
{
	(void)state;
	expect("create --bundle /b -- -c1", "create", "-c1", "/b");
	expect("-- create c1", "create", "c1", ".");
	expect("create - c1", "create", "-", ".");
}

static void survives_missing_arguments(void **state)
{
	(void)state;
	expect("", NULL, NULL, ".");
	expect("--version", NULL, NULL, ".");
	expect("--log", NULL, NULL, ".");
	expect("create", "create", NULL, ".");
	expect("create --bundle", "create", NULL, ".");
	expect("create -b", "create", NULL, ".");
	expect("create --", "create", NULL, ".");
	expect("create c1 --bundle", "create", "c1", ".");
	expect("--", NULL, NULL, ".");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_command_lines_of_engines),
		cmocka_unit_test(recognises_a_log_that_is_not_a_file),
		cmocka_unit_test(the_spec_is_in_the_bundle_only_if_it_has_the_usual_name),
		cmocka_unit_test(reads_every_form_of_an_option),
		cmocka_unit_test(distinguishes_values_from_operands),
		cmocka_unit_test(matches_whole_option_names),
		cmocka_unit_test(reads_combined_short_options),
		cmocka_unit_test(ends_options_at_two_dashes),
		cmocka_unit_test(survives_missing_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
