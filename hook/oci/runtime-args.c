/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/runtime-args.h"

#include "base/count.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GLOBAL	    1 /* allowed before the subcommand */
#define CREATE	    2 /* allowed for create and run */
#define UNUSED	    SIZE_MAX
#define FIELD(name) offsetof(struct runtime_args, name)

/*
 * Options that take a value, which must not be mistaken for a subcommand or a container id: those
 * of runc 1.0 to 1.5 (main.go, create.go, run.go) and crun 0.17 to 1.28 (crun.c, create.c, run.c).
 */
static const struct option {
	const char *name;
	char letter; /* 0: none */
	int where;
	size_t field; /* in struct runtime_args; UNUSED: the value is skipped */
} options[] = {
	{"cgroup-manager", 0, GLOBAL, UNUSED}, /* crun */
	{"criu", 0, GLOBAL, UNUSED},	       /* runc before 1.4 */
	{"log", 0, GLOBAL, FIELD(log)},
	{"log-format", 0, GLOBAL, FIELD(log_format)},
	{"log-level", 0, GLOBAL, UNUSED}, /* crun from 1.17 on */
	{"root", 0, GLOBAL, UNUSED},
	{"rootless", 0, GLOBAL, UNUSED},
	{"bundle", 'b', CREATE, FIELD(bundle)},
	{"config", 'f', CREATE, FIELD(spec)}, /* crun */
	{"console-socket", 0, CREATE, UNUSED},
	{"pid-file", 0, CREATE, UNUSED},
	{"pidfd-socket", 0, CREATE, UNUSED}, /* runc from 1.2 on */
	{"preserve-fds", 0, CREATE, UNUSED},
};

/* -d (detach) is the only short option of create and run without a value: "crun run -df FILE". */
#define FLAG_LETTER 'd'

/*
 * The value of the option at *@argv if it is @option; *@argv moves to the last word used. NULL:
 * another option, or no value.
 */
static const char *match_option(const struct option *option, char *const **argv)
{
	const char *word = **argv + 1;
	bool two_dashes = *word == '-';
	size_t len = strlen(option->name);

	word += two_dashes;
	if (strncmp(word, option->name, len) == 0 && word[len] == '=')
		return word + len + 1;
	if (strcmp(word, option->name) != 0) {
		if (two_dashes || !option->letter)
			return NULL;
		word += strspn(word, (char[]){FLAG_LETTER, '\0'});
		if (*word != option->letter)
			return NULL;
		if (word[1])
			return word + 1 + (word[1] == '=');
	}
	return (*argv)[1] ? *++*argv : NULL;
}

static void eat_option(char *const **argv, int where, struct runtime_args *args)
{
	for (size_t i = 0; i < COUNT(options); i++) {
		const char *value =
			options[i].where == where ? match_option(&options[i], argv) : NULL;

		if (!value)
			continue;
		if (options[i].field != UNUSED)
			*(const char **)(void *)((char *)args + options[i].field) = value;
		return;
	}
}

/* Parses options up to the first operand and returns its position. */
static char *const *eat_options(char *const *argv, int where, struct runtime_args *args)
{
	for (; *argv; argv++) {
		if (strcmp(*argv, "--") == 0)
			return argv + 1;
		if (**argv != '-' || !(*argv)[1])
			return argv;
		eat_option(&argv, where, args);
	}
	return argv;
}

/* crun also accepts file:PATH, and syslog: or journald: with a name, where we log anyway. */
static const char *log_file(const char *log)
{
	static const char file[] = "file:";

	if (!log || strncmp(log, "syslog:", 7) == 0 || strncmp(log, "journald:", 9) == 0)
		return NULL;
	return strncmp(log, file, sizeof(file) - 1) == 0 ? log + sizeof(file) - 1 : log;
}

/* crun looks for this file in the bundle, and for others in its working directory, as we do. */
static const char *spec_file(const char *spec)
{
	return spec && strcmp(spec, "config.json") != 0 ? spec : NULL;
}

void runtime_args_parse(char *const argv[], struct runtime_args *ret)
{
	struct runtime_args args = {.bundle = ".", .log_format = "text"};

	argv = eat_options(argv + 1, GLOBAL, &args);
	if (*argv) {
		args.subcommand = *argv++;
		/*
		 * Go's flag parser stops at the first operand, argp does not; engines pass it last.
		 */
		argv = eat_options(argv, CREATE, &args);
		args.container = *argv;
		if (*argv)
			eat_options(argv + 1, CREATE, &args);
	}
	args.log = log_file(args.log);
	args.spec = spec_file(args.spec);
	*ret = args;
}
