/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parts that we need of the command line of an OCI runtime, as accepted by runc(8) and crun(1).
 * Options may be written --name VALUE, --name=VALUE, -n VALUE, -nVALUE and, as in Go programs,
 * -name.
 */

struct runtime_args {
	const char *subcommand; /* NULL: none */
	const char *container;	/* its first operand; NULL: none */
	const char *bundle;	/* "." if not given */
	const char *spec;	/* crun's --config, as given; NULL: config.json in the bundle */
	const char *log;	/* a file; NULL: none */
	const char *log_format; /* "text" if not given */
};

/* Never fails: the real runtime reports what is wrong. */
void runtime_args_parse(char *const argv[], struct runtime_args *ret);
