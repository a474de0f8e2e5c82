/* SPDX-License-Identifier: Apache-2.0 */
#include "role/runtime-args.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct option {
	const char *name;
	char letter;	     /* 0: none */
	const char **target; /* NULL: takes a value that we do not need */
};

/*
 * The value of the option at *@argv, if it is @option; *@argv is moved to the last word used.
 * NULL: another option, or its value is missing.
 */
static const char *match(const struct option *option, char *const **argv)
{
	const char *word = **argv + 1;
	bool two_dashes = *word == '-';
	size_t len = strlen(option->name);

	word += two_dashes;
	if (strncmp(word, option->name, len) == 0 && word[len] == '=')
		return word + len + 1;
	if (strcmp(word, option->name) != 0) {
		if (two_dashes || !option->letter || *word != option->letter)
			return NULL;
		if (word[1])
			return word + 1 + (word[1] == '=');
	}
	return (*argv)[1] ? *++*argv : NULL;
}

/* Eats options until the first operand, and returns where that is. */
static char *const *eat_options(char *const *argv, const struct option *options, size_t n)
{
	for (; *argv; argv++) {
		if (strcmp(*argv, "--") == 0)
			return argv + 1;
		if (**argv != '-' || !(*argv)[1])
			return argv;
		for (size_t i = 0; i < n; i++) {
			const char *value = match(&options[i], &argv);

			if (!value)
				continue;
			if (options[i].target)
				*options[i].target = value;
			break;
		}
	}
	return argv;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void runtime_args_parse(char *const argv[], struct runtime_args *ret)
{
	struct runtime_args args = {.bundle = ".", .log_format = "text"};
	const struct option global[] = {
		{"log", 0, &args.log},	     {"log-format", 0, &args.log_format},
		{"log-level", 0, NULL},	     {"root", 0, NULL},
		{"criu", 0, NULL},	     {"rootless", 0, NULL},
		{"cgroup-manager", 0, NULL},
	};
	const struct option create[] = {
		{"bundle", 'b', &args.bundle}, {"config", 'f', &args.spec},
		{"console-socket", 0, NULL},   {"pid-file", 0, NULL},
		{"preserve-fds", 0, NULL},
	};

	argv = eat_options(argv + 1, global, COUNT(global));
	if (*argv) {
		args.subcommand = *argv++;
		/* Go's flag parser stops at the first operand, argp does not; engines put it last.
		 */
		argv = eat_options(argv, create, COUNT(create));
		args.container = *argv;
		if (*argv)
			eat_options(argv + 1, create, COUNT(create));
	}
	*ret = args;
}
