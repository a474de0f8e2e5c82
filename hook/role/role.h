/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Roles: one file for each subcommand. A role gets its own argv (argv[0] is the subcommand) and
 * returns the exit status of the program.
 */

enum exit_status {
	EXIT_OK = 0, /* done, or nothing to do */
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,		 /* or configuration */
	EXIT_REFUSED = 3,	 /* by policy */
	EXIT_NOT_APPLICABLE = 4, /* not on a thin device, or no such container */
};

int role_hook(int argc, char *argv[]);
int role_heal(int argc, char *argv[]);
int role_grow(int argc, char *argv[]);
int role_apply(int argc, char *argv[]);
int role_list(int argc, char *argv[]);
int role_explain(int argc, char *argv[]);
int role_config(int argc, char *argv[]);
int role_enable(int argc, char *argv[]); /* and disable */
int role_doctor(int argc, char *argv[]);
int role_metrics(int argc, char *argv[]);

/*
 * The wrapper: @argv is the runtime's, @environment what the real runtime will get. As a subcommand
 * it only explains itself.
 */
int role_runtime_help(int argc, char *argv[]);
int role_runtime(int argc, char *argv[], char *environment[]);
