/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the command lines of subcommands have in common: a table of options; --help, --verbose,
 * --version and --config everywhere; and one form of error.
 */

#include "base/why.h"

#include <stdbool.h>

#define COMMAND_OPTIONS_MAX 24

/* An option does one of three things. A table of them ends with one without a name. */
struct command_option {
	const char *name;   /* without its dashes */
	bool *flag;	    /* no value: set to true */
	const char **value; /* a value: a pointer into argv; the last one counts */
	/* A value, which may come more than once: 0 or -errno with a reason. */
	int (*take)(void *context, const char *value, struct why *why);
	void *context;
};

struct command {
	const char *name;
	const char *help; /* what --help prints: "Usage: ...", the options, "Examples: ..." */
	const struct command_option *options; /* NULL: none of its own */
};

/*
 * true: go on; the operands are argv[optind] to argv[argc - 1]. false: that is all, with
 * *ret_status (--help, --version, or an error, which is told).
 */
bool command_parse(const struct command *command, int argc, char *argv[], int *ret_status);

/* Tells how the command line is wrong, and where to read more. EXIT_USAGE. */
int command_misused(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The program's name and version, on stdout. An exit status. */
int command_version(void);
