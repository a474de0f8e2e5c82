/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line of an OCI runtime, as far as we need it: what runc(8) and crun(1) take. Options
 * may be written --name VALUE, --name=VALUE, -n VALUE, -nVALUE and, as Go programs allow, -name.
 */

struct runtime_args {
	const char *subcommand; /* NULL: none */
	const char *container;	/* its first operand; NULL: none */
	const char *bundle;	/* "." if not given */
	const char *spec;	/* crun's --config, as given; NULL: config.json in the bundle */
	const char *log;	/* a file; NULL: none */
	const char *log_format; /* "text" if not given */
};

/* Never fails: what is not understood is the real runtime's to complain of. */
void runtime_args_parse(char *const argv[], struct runtime_args *ret);
