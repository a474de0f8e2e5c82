/* SPDX-License-Identifier: Apache-2.0 */
#include "role/runtime-args.h"

#include "unit.h"

/* @line is split at blanks; "runc" goes before it. The strings live until the next call. */
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

static void reads_what_engines_write(void **state)
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

static void knows_values_from_operands(void **state)
{
	(void)state;
	/* the value of an option is no subcommand and no container */
	expect("--root create state c1", "state", "c1", ".");
	expect("--log create delete c1", "delete", "c1", ".");
	expect("--log-level debug create c1", "create", "c1", ".");
	expect("--criu run create c1", "create", "c1", ".");
	expect("--cgroup-manager systemd run c1", "run", "c1", ".");
	expect("--rootless auto run c1", "run", "c1", ".");
	expect("create --pid-file c2 c1", "create", "c1", ".");
	expect("create --console-socket c2 c1", "create", "c1", ".");
	expect("create --preserve-fds 3 c1", "create", "c1", ".");
	/* what takes no value has none */
	expect("--debug --systemd-cgroup create --no-pivot --no-new-keyring c1", "create", "c1",
	       ".");
	/* an option that only begins like one of ours */
	expect("create --bundled /x c1", "create", "/x", ".");
	expect("create --bundl /x c1", "create", "/x", ".");
}

static void ends_options_at_two_dashes(void **state)
{
	(void)state;
	expect("create --bundle /b -- -c1", "create", "-c1", "/b");
	expect("-- create c1", "create", "c1", ".");
	expect("create - c1", "create", "-", ".");
}

static void lives_with_what_is_missing(void **state)
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
		cmocka_unit_test(reads_what_engines_write),
		cmocka_unit_test(reads_every_form_of_an_option),
		cmocka_unit_test(knows_values_from_operands),
		cmocka_unit_test(ends_options_at_two_dashes),
		cmocka_unit_test(lives_with_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
