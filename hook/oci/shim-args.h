/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parts that we need of the command line of a containerd shim (pkg/shim/shim.go, before 2.0
 * runtime/v2/shim/shim.go). Go's flag package reads it: -NAME and --NAME are the same, a value is
 * the next word or follows '=', and the first word that is no option ends them.
 */

struct shim_args {
	const char *verb; /* "start", "delete", ...; NULL: none, or an option takes its place */
	const char *ns;	  /* containerd's namespace; NULL: not given */
	const char *id;	  /* of the container; NULL: not given */
};

/* Never fails: the real shim reports what is wrong. */
void shim_args_parse(char *const argv[], struct shim_args *ret);
