/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Asks an engine's own program, for commands that an operator has typed and that change that
 * engine's configuration. Nothing else may start a program.
 */

#include "setup/place.h"

struct answer {
	int status; /* its exit status; -1: a signal ended it */
	char *out;  /* what it printed, to be freed */
	size_t len;
	struct text said; /* the last line of its stderr, without control characters */
};

/*
 * Runs @program, a path without links (place_find_program()), in the place's root; arguments are as
 * seen from there, [0] is the program's. It gets no input, hardly any environment, and half a
 * minute. 0; -errno if it cannot be run or was too slow, with a reason.
 */
int setup_ask(const struct setup_place *place, const char *program, char *const arguments[],
	      struct answer *ret, struct why *why);
