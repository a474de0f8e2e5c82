/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line. Options may stand before the command and after it; those of another command
 * are errors. --help, --version, --verbose and --config are everybody's.
 */

#include "role/role.h"

/* What is to be done. */
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
