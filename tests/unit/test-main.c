/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every subcommand has a help, a section of the manual page, and completion in each shell, with all
 * its options. A new one without them fails here.
 */

#include <unistd.h>

static uid_t user;

static uid_t fake_geteuid(void)
{
	return user;
}

int program_main(int argc, char *argv[]);
#define main	program_main
#define geteuid fake_geteuid
#include "main.c"
#undef geteuid
#undef main

#include "capture.h"

#include <fcntl.h>
#include <getopt.h>

#define MANUAL "doc/oci-thin-grow.8"
#define BASH   "config/completion/oci-thin-grow.bash"
#define ZSH    "config/completion/_oci-thin-grow"
#define FISH   "config/completion/oci-thin-grow.fish"

#define LINE_COLUMNS 79

static char *text_of(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	return text;
}

static int run(char *argv[], struct capture *out)
{
	char **environment = environ; /* which the program forgets */
	int argc = 0, status;

	while (argv[argc])
		argc++;
	optind = 0; /* glibc: a full reset */
	capture_begin(out, stdout);
	status = program_main(argc, argv);
	capture_end(out);
	environ = environment;
	return status;
}

static const char *help_of(const char *name, struct capture *out)
{
	char program[] = "oci-thin-grow", help[] = "--help", *copy = strdup(name);
	char *argv[] = {program, copy, help, NULL};
	int status = run(argv, out);

	free(copy);
	if (status != EXIT_OK)
		fail_msg("%s --help: exit status %d", name, status);
	return out->text;
}

static bool is_word_character(char c)
{
	return c == '-' || c == '_' || (c >= 'a' && c <= 'z');
}

/* Is @word in the @len bytes at @text, and not only as part of another word? */
static bool has_word(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)) && at + word_len <= text + len; at++) {
		if ((at == text || !is_word_character(at[-1])) && !is_word_character(at[word_len]))
			return true;
	}
	return false;
}

/* Does any line of @text that has @marker have both words? An empty word is in every line. */
static bool has_line(const char *text, const char *marker, const char *one, const char *other)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");

		if (has_word(line, len, one) && (!*other || has_word(line, len, other)) &&
		    memmem(line, len, marker, strlen(marker)))
			return true;
		if (!line[len])
			break;
	}
	return false;
}

/* Calls @each with every "  --option" at the beginning of a line of @help. */
static void each_option(const char *help, void (*each)(const char *command, const char *option),
			const char *command)
{
	for (const char *at = help; (at = strstr(at, "\n  --")); at++) {
		char option[64];

		assert_int_equal(sscanf(at, "\n  --%60[a-z-]", option), 1);
		each(command, option);
	}
}

static void assert_narrow(const char *name, const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		if (strcspn(line, "\n") > LINE_COLUMNS)
			fail_msg("%s --help: more than %d columns:\n%s", name, LINE_COLUMNS, line);
	}
}

static void every_command_explains_itself(void **state)
{
	struct capture out;

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const char *name = commands[i]->name, *help;

		help = help_of(name, &out);
		assert_int_equal(strncmp(help, "Usage: oci-thin-grow", 20), 0);
		assert_contains(help, name);
		assert_contains(help, "\n\nExamples:\n  ");
		assert_contains(help, "\n\nExit status: ");
		assert_narrow(name, help);
	}
}

static void the_program_lists_its_commands(void **state)
{
	char program[] = "oci-thin-grow", help[] = "--help", *argv[] = {program, help, NULL};
	struct capture out;

	(void)state;
	assert_int_equal(run(argv, &out), EXIT_OK);
	assert_narrow("", out.text);
	for (size_t i = 0; commands[i]; i++) {
		assert_true(has_word(out.text, strlen(out.text), commands[i]->name));
	}
}

/* The section of the manual about @command. */
static void manual_section(const char *manual, const char *command, const char **ret, size_t *len)
{
	char title[64];
	const char *end;

	snprintf(title, sizeof(title), "\n.Ss %s\n", command);
	*ret = strstr(manual, title);
	if (!*ret) {
		fail_msg("%s: nothing about %s", MANUAL, command);
		return;
	}
	end = strstr(*ret + 1, "\n.Ss ");
	if (!end)
		end = strstr(*ret + 1, "\n.Sh ");
	assert_non_null(end);
	*len = (size_t)(end - *ret);
}

static void is_in_manual(const char *command, const char *option)
{
	char *manual = text_of(MANUAL), flag[80];
	const char *section = "";
	size_t len = 0;

	snprintf(flag, sizeof(flag), "-%s", option);
	manual_section(manual, command, &section, &len);
	if (!has_word(section, len, flag))
		fail_msg("%s: nothing about %s --%s", MANUAL, command, option);
	free(manual);
}

/* The help of a command names exactly the options that it takes. */
static void help_names_every_option_of_the_command(void **state)
{
	struct capture out;

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const char *help = help_of(commands[i]->name, &out);
		size_t n = 0, taken = 0;

		for (const char *const *option = commands[i]->options; *option; option++) {
			char line[64];

			snprintf(line, sizeof(line), "\n  --%s ", *option);
			assert_contains(help, line);
			taken++;
		}
		for (const char *at = help; (at = strstr(at, "\n  --")); at++)
			n++;
		assert_int_equal(n, taken);
	}
}

static void every_command_and_option_is_in_the_manual(void **state)
{
	struct capture out;

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const char *section;
		char *manual;
		size_t len;

		manual = text_of(MANUAL);
		manual_section(manual, commands[i]->name, &section, &len);
		free(manual);
		each_option(help_of(commands[i]->name, &out), is_in_manual, commands[i]->name);
	}
}

static void is_completed(const char *command, const char *option)
{
	char *in_bash = text_of(BASH), *in_zsh = text_of(ZSH), *in_fish = text_of(FISH), flag[80];

	snprintf(flag, sizeof(flag), "--%s", option);
	if (!has_line(in_bash, ") echo ", command, flag))
		fail_msg("%s: no %s --%s", BASH, command, option);
	if (!has_word(in_zsh, strlen(in_zsh), flag))
		fail_msg("%s: no %s --%s", ZSH, command, option);
	snprintf(flag, sizeof(flag), "-l %s", option);
	if (!has_line(in_fish, "__oci_thin_grow_is ", command, flag))
		fail_msg("%s: no %s --%s", FISH, command, option);
	free(in_bash);
	free(in_zsh);
	free(in_fish);
}

static void every_command_and_option_is_completed(void **state)
{
	char *in_bash = text_of(BASH), *in_zsh = text_of(ZSH), *in_fish = text_of(FISH);
	struct capture out;

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const char *name = commands[i]->name;
		char argument[64], described[64];

		snprintf(argument, sizeof(argument), "-a %s", name);
		snprintf(described, sizeof(described), "\t\t'%s:", name);
		if (!has_line(in_bash, "'') _oci_thin_grow_add", name, "") ||
		    !has_line(in_bash, ") echo --", name, ""))
			fail_msg("%s: no %s", BASH, name);
		if (!strstr(in_zsh, described) || !has_line(in_zsh, ")", name, ""))
			fail_msg("%s: no %s", ZSH, name);
		if (!has_line(in_fish, "set -l commands", name, "") ||
		    !has_line(in_fish, "complete ", argument, ""))
			fail_msg("%s: no %s", FISH, name);
		each_option(help_of(name, &out), is_completed, name);
	}
	free(in_bash);
	free(in_zsh);
	free(in_fish);
}

static void refuses_unknown_commands_and_options(void **state)
{
	char program[] = "oci-thin-grow", word[] = "shrink\x1b", option[] = "--shrink";
	char *command[] = {program, word, NULL}, *wrong[] = {program, option, NULL},
	     *nothing[] = {program, NULL};
	struct capture out, err;

	(void)state;
	capture_begin(&err, stderr);
	assert_int_equal(run(command, &out), EXIT_USAGE);
	assert_int_equal(run(wrong, &out), EXIT_USAGE);
	assert_int_equal(run(nothing, &out), EXIT_USAGE);
	capture_end(&err);
	assert_contains(err.text, "unknown command \"shrink\\x1b\"; see oci-thin-grow --help\n");
	assert_contains(err.text, "unknown option \"--shrink\"; see oci-thin-grow --help\n");
	assert_contains(out.text, "Usage: ");
}

static void takes_the_configuration_before_the_command(void **state)
{
	char program[] = "oci-thin-grow", word[] = "config", check[] = "check",
	     config[] = "--config", file[] = "/nowhere/1.json", both[] = "--config=/nowhere/2.json",
	     same[] = "--config=";
	char *apart[] = {program, config, file, word, check, NULL},
	     *joined[] = {program, both, word, check, NULL}, *alone[] = {program, config, NULL},
	     *empty[] = {program, same, word, check, NULL};
	struct capture out, err;

	(void)state;
	capture_begin(&err, stderr);
	assert_int_equal(run(apart, &out), EXIT_USAGE);
	assert_int_equal(run(joined, &out), EXIT_USAGE);
	assert_int_equal(run(alone, &out), EXIT_USAGE);
	assert_int_equal(run(empty, &out), EXIT_USAGE);
	capture_end(&err);
	assert_contains(err.text, "/nowhere/1.json");
	assert_contains(err.text, "/nowhere/2.json");
	assert_contains(err.text, "--config needs a value; see oci-thin-grow --help\n");
	assert_lacks(err.text, "unknown option");
}

static void prints_its_version(void **state)
{
	char program[] = "oci-thin-grow", version[] = "--version",
	     *argv[] = {program, version, NULL};
	struct capture out;

	(void)state;
	assert_int_equal(run(argv, &out), EXIT_OK);
	assert_string_equal(out.text, "oci-thin-grow " VERSION "\n");
}

static void without_root_repeats_the_command_with_sudo(void **state)
{
	char program[] = "oci-thin-grow", grow[] = "grow", web[] = "my web", size[] = "80G",
	     json[] = "--json", config[] = "config", check[] = "check",
	     missing[] = "--config=/nowhere", list[] = "list", names[] = "--names";
	char *argv[] = {program, grow, web, json, size, NULL},
	     *free_for_all[] = {program, missing, config, check, NULL};
	struct capture out, err;

	(void)state;
	user = 1000;
	capture_begin(&err, stderr);
	assert_int_equal(run(argv, &out), EXIT_FAILED);
	capture_end(&err);
	assert_string_equal(err.text,
			    "oci-thin-grow: must be root: sudo oci-thin-grow grow 'my web' "
			    "--json 80G\n");
	assert_contains(out.text, "\"action\":\"fail\",\"reason\":\"must be root: sudo");
	capture_begin(&err, stderr);
	assert_int_equal(run(free_for_all, &out), EXIT_USAGE);
	capture_end(&err);
	assert_lacks(err.text, "must be root");
	capture_begin(&err, stderr);
	assert_int_equal(run((char *[]){program, list, NULL}, &out), EXIT_FAILED);
	capture_end(&err);
	assert_string_equal(err.text, "oci-thin-grow: must be root: sudo oci-thin-grow list\n");
	capture_begin(&err, stderr);
	run((char *[]){program, list, names, NULL}, &out); /* for completion */
	capture_end(&err);
	assert_lacks(err.text, "must be root");
	user = 0;
}

/* A word that begins with a brace stands for a file that contains it. */
static char *word_or_file(const char *word, const char *file)
{
	if (*word != '{')
		return strdup(word);
	write_file(file, word);
	return strdup(file);
}

static void expect_failure_in_json(const char *const words[], int status, const char *action,
				   const char *reason)
{
	char *directory = new_directory();
	_cleanup_free_ char *file = path_in(directory, "config.json");
	_cleanup_free_ char *members = text_new("\"action\":\"%s\",\"reason\":\"", action);
	char program[] = "oci-thin-grow", *argv[8] = {program};
	struct capture out, err;
	size_t n = 1;

	for (; words[n - 1]; n++)
		argv[n] = word_or_file(words[n - 1], file);
	capture_begin(&err, stderr);
	assert_int_equal(run(argv, &out), status);
	capture_end(&err);
	assert_string_equal(strstr(out.text, "{\"container\":null,"), out.text);
	assert_contains(out.text, members);
	assert_contains(out.text, reason);
	assert_string_equal(strchr(out.text, '\n'), "\n");
	while (--n)
		free(argv[n]);
	remove_directory(directory);
}

/* Readers of stdout get an object, whatever the command could not do. */
static void fails_in_json(void **state)
{
	static const struct {
		const char *words[7];
		int status;
		const char *action, *reason;
	} cases[] = {
		{{"apply", "--json"}, EXIT_USAGE, "fail", "name containers, or use --all"},
		{{"apply", "--json", "--all", "--config", "{\"enabled\": false}"},
		 EXIT_REFUSED,
		 "refuse",
		 "switched off by \\\"enabled\\\": false in the configuration"},
		{{"list", "--json", "--sort", "x"},
		 EXIT_USAGE,
		 "fail",
		 "--sort takes use, name or size"},
		{{"grow", "--json", "web"}, EXIT_USAGE, "fail", "SIZE is missing"},
		{{"grow", "--json"}, EXIT_USAGE, "fail", "CONTAINER and SIZE are missing"},
		{{"grow", "--json", "--pid", "1", "web", "4G"},
		 EXIT_USAGE,
		 "fail",
		 "only SIZE goes with --pid, --path and --device"},
		{{"heal", "--json", "/dev/null"}, EXIT_USAGE, "fail", "--json is for --all only"},
		{{"config", "--json", "x"}, EXIT_USAGE, "fail", "expected check or show"},
		{{"config", "show", "--json", "--config", "{\"enabled\": 1}"},
		 EXIT_USAGE,
		 "fail",
		 "enabled"},
		{{"explain", "--json"},
		 EXIT_USAGE,
		 "fail",
		 "name containers, or a file with --state"},
		{{"explain", "--json", "--state", "/nowhere"},
		 EXIT_FAILED,
		 "fail",
		 "/nowhere: No such file or directory"},
		{{"metrics", "--json"}, EXIT_USAGE, "fail", "it takes no --json"},
		{{"doctor", "--json", "x"}, EXIT_USAGE, "fail", "unexpected argument \\\"x\\\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_failure_in_json(cases[i].words, cases[i].status, cases[i].action,
				       cases[i].reason);
}

static void a_container_that_does_not_exist_is_in_the_json(void **state)
{
	char program[] = "oci-thin-grow", list[] = "list", explain[] = "explain", json[] = "--json",
	     name[] = "no-such";
	char *argvs[][5] = {{program, list, json, name}, {program, explain, json, name}};
	struct capture out, err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(argvs); i++) {
		capture_begin(&err, stderr);
		assert_int_equal(run(argvs[i], &out), EXIT_NOT_APPLICABLE);
		capture_end(&err);
		assert_contains(
			out.text,
			"{\"containers\":[{\"container\":\"no-such\",\"action\":\"missing\","
			"\"reason\":\"no such container");
	}
}

/*
 * A part of a command would do something else, and one that ends within quotes would wait for more.
 */
static void repeats_no_part_of_a_command(void **state)
{
	char program[] = "oci-thin-grow", apply[] = "apply", escape[] = "a\x1b[31m", web[600] = "";
	char *too_long[] = {program, apply, web, NULL}, *odd[] = {program, apply, escape, NULL};
	struct capture out, err;

	(void)state;
	memset(web, '\'', sizeof(web) - 1);
	user = 1000;
	capture_begin(&err, stderr);
	assert_int_equal(run(too_long, &out), EXIT_FAILED);
	assert_int_equal(run(odd, &out), EXIT_FAILED);
	capture_end(&err);
	assert_string_equal(err.text,
			    "oci-thin-grow: must be root: run the same command with sudo\n"
			    "oci-thin-grow: must be root: run the same command with sudo\n");
	user = 0;
}

/* Printing fails then, and sets its own errno. */
static void keeps_its_exit_status_if_stderr_cannot_be_written(void **state)
{
	char program[] = "oci-thin-grow", heal[] = "heal", gone[] = "/dev/dm-gone";
	char *argv[] = {program, heal, gone, NULL};
	struct capture out;
	int status, old = dup(STDERR_FILENO), null = open("/dev/null", O_RDONLY);

	(void)state;
	assert_true(old >= 0 && null >= 0);
	assert_int_equal(dup2(null, STDERR_FILENO), STDERR_FILENO);
	status = run(argv, &out);
	assert_int_equal(dup2(old, STDERR_FILENO), STDERR_FILENO);
	close(old);
	close(null);
	assert_int_equal(status, EXIT_NOT_APPLICABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_explains_itself),
		cmocka_unit_test(the_program_lists_its_commands),
		cmocka_unit_test(help_names_every_option_of_the_command),
		cmocka_unit_test(every_command_and_option_is_in_the_manual),
		cmocka_unit_test(every_command_and_option_is_completed),
		cmocka_unit_test(refuses_unknown_commands_and_options),
		cmocka_unit_test(takes_the_configuration_before_the_command),
		cmocka_unit_test(prints_its_version),
		cmocka_unit_test(fails_in_json),
		cmocka_unit_test(a_container_that_does_not_exist_is_in_the_json),
		cmocka_unit_test(without_root_repeats_the_command_with_sudo),
		cmocka_unit_test(repeats_no_part_of_a_command),
		cmocka_unit_test(keeps_its_exit_status_if_stderr_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
