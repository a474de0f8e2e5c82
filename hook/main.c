/* SPDX-License-Identifier: Apache-2.0 */
#include "arguments.h"
#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/shim-name.h"
#include "base/terminal.h"
#include "base/text.h"
#include "job/settings.h"
#include "job/tell.h"
#include "policy/config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUNTIME_NAME "oci-thin-grow-runtime"

/* clang-format off */
static const struct command *const commands[] = {
	&command_list,
	&command_explain,
	&command_grow,
	&command_apply,
	&command_trim,
	&command_doctor,
	&command_enable,
	&command_disable,
	&command_config,
	&command_metrics,
	&command_hook,
	&command_runtime,
	&command_heal,
	NULL,
};
/* clang-format on */

/* In --help, above a command. */
static const struct {
	const struct command *before;
	const char *text;
} headings[] = {
	{&command_list, "Containers and their disks"},
	{&command_doctor, "The host"},
	{&command_hook, "Called by engines, runtimes and udev"},
};

static void print_heading(const struct command *before)
{
	for (size_t i = 0; i < COUNT(headings); i++) {
		if (headings[i].before == before)
			printf("\n%s:\n", headings[i].text);
	}
}

static int print_program_help(void)
{
	printf("Usage: oci-thin-grow [OPTIONS] COMMAND [ARGUMENTS]\n"
	       "Makes a container's disk larger, if that is a device-mapper thin device.\n");
	for (const struct command *const *command = commands; *command; command++) {
		print_heading(*command);
		printf("  %-8s %-20s %s\n", (*command)->name, (*command)->arguments,
		       (*command)->what);
	}
	printf("\nOptions, here or after the command:\n"
	       "  --config FILE  read only FILE, nothing in " CONFIG_DIR "\n"
	       "  --verbose      also print log lines to stderr\n"
	       "  -h, --help     this text; after a command its options, with examples\n"
	       "  -V, --version\n");
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static int print_help(const struct command *command)
{
	if (!command)
		return print_program_help();
	return fputs(command->help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

#define WORDS_MAX (TEXT_SIZE - 64) /* fits a message */

/*
 * The words after the program's name, quoted for a shell; "" if they are too long or not printable:
 * a part of a command would do something else.
 */
static void repeat_words(char *argv[], struct text *ret)
{
	ret->s[0] = '\0';
	for (; *argv; argv++) {
		_cleanup_free_ char *word = quote_word(*argv);

		if (!word || strlen(ret->s) + 1 + strlen(word) > WORDS_MAX) {
			ret->s[0] = '\0';
			return;
		}
		text_add(ret, " %s", word);
	}
}

/* With a full disk, the operator can grow first and repair the configuration later. */
static int fail_broken(const struct command *command, const struct arguments *arguments,
		       const char *broken, char *argv[])
{
	struct text words;

	repeat_words(argv + 1, &words);
	if (!arguments->config_file && *words.s)
		log_stderr(
			"%s: to go on with the built-in limits: oci-thin-grow --config /dev/null%s",
			command->name, words.s);
	else if (!arguments->config_file)
		log_stderr("%s: to go on with the built-in limits: add --config /dev/null",
			   command->name);
	if (arguments->json)
		tell_failure_json(NULL, EXIT_USAGE, broken);
	return EXIT_USAGE;
}

static int run_command(const struct command *command, struct arguments arguments, char *argv[])
{
	struct policy policy = policy_builtin;
	int status = EXIT_OK;

	if (command->policy == POLICY_SOUND &&
	    settings_load(command->name, arguments.config_file, &policy) != EXIT_OK)
		status = fail_broken(command, &arguments, policy.broken, argv);
	else if (command->policy == POLICY_ANY)
		settings_load_anyway(arguments.config_file, &policy);
	arguments.policy = arguments.target.policy = &policy;
	if (status == EXIT_OK)
		status = command->run(&arguments);
	config_free(&policy);
	return status;
}

static int fail_without_root(const struct arguments *arguments, const struct text *words)
{
	const char *reason = *words->s ? text("must be root: sudo oci-thin-grow%s", words->s)
				       : "must be root: run the same command with sudo";

	log_stderr("%s", reason);
	if (arguments->json)
		tell_failure_json(NULL, EXIT_FAILED, reason);
	return EXIT_FAILED;
}

static bool may_run(const struct command *command, const struct arguments *arguments)
{
	return geteuid() == 0 || !command->needs_root || arguments->print || arguments->root ||
	       arguments->names;
}

static int command_line(int argc, char *argv[])
{
	struct arguments arguments;
	const struct command *command;
	struct text words = {""};

	if (geteuid() != 0)
		repeat_words(argv + 1, &words); /* getopt_long() changes their order */
	switch (arguments_parse(commands, argc, argv, &arguments, &command)) {
	case ARGUMENTS_RUN:
		return may_run(command, &arguments) ? run_command(command, arguments, argv)
						    : fail_without_root(&arguments, &words);
	case ARGUMENTS_HELP:
		return print_help(command);
	case ARGUMENTS_VERSION:
		return printf("oci-thin-grow %s\n", VERSION) < 0 ? EXIT_FAILED : EXIT_OK;
	case ARGUMENTS_NOTHING:
		print_program_help();
		return EXIT_USAGE;
	case ARGUMENTS_WRONG:
		break;
	}
	return EXIT_USAGE;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char *argv[])
{
	char **environment = environ, shim[SHIM_NAME_SIZE];

	/* Libraries read variables that could change what they do and where they write. */
	if (terminal_clear_environment() < 0 || argc < 1)
		return EXIT_FAILED;
	file_survive_size_limit();
	log_init(false);
	if (strcmp(base_name(argv[0]), RUNTIME_NAME) == 0)
		return role_runtime(argv, environment);
	if (shim_name_wrapped(argv[0], shim))
		return role_shim(shim, argv, environment);
	return command_line(argc, argv);
}
