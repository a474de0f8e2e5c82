/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line. Options may stand before and after the command; those of another command are
 * errors. Every command takes --help, --version, --verbose and --config.
 */

#include "role/role.h"

/* What to do. */
enum arguments_result {
	ARGUMENTS_RUN,	/* run the command */
	ARGUMENTS_HELP, /* print the help of the command, or the program's if there is none */
	ARGUMENTS_VERSION,
	ARGUMENTS_NOTHING, /* there is neither an option nor a command */
	ARGUMENTS_WRONG,   /* an error was reported */
};

/* @commands ends with NULL. *ret_command is NULL if none is named. */
enum arguments_result arguments_parse(const struct command *const commands[], int argc,
				      char *argv[], struct arguments *ret,
				      const struct command **ret_command);
