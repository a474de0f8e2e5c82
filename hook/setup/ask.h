/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Runs an engine's own program, for operator commands that change that engine's configuration.
 * Besides the runtime wrapper's last step, nothing else starts a program.
 */

#include "setup/place.h"

struct answer {
	int status; /* its exit status; -1: killed by a signal */
	char *out;  /* what it printed, to be freed */
	size_t len;
	struct text said; /* the last line of its stderr, without control characters */
};

/*
 * Runs @program, a path without links (place_find_program()), in the place's root. @arguments,
 * from argv[0] on, are as seen from there. It gets no input, only PATH as environment, and 30
 * seconds. 0; -errno if it cannot be run or was too slow, with a reason.
 */
int setup_ask(const struct setup_place *place, const char *program, char *const arguments[],
	      struct answer *ret, struct why *why);
