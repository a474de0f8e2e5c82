/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How many of the containers that a command went through came to what. Pure but for the stream. */

#include "oci/json.h"

#include <stdio.h>

enum fate {
	FATE_GROWN,	  /* or would be */
	FATE_KEPT,	  /* large enough */
	FATE_UNASKED,	  /* nothing is asked for */
	FATE_PASSED_OVER, /* not running, or not on a thin device */
	FATE_POSTPONED,	  /* it cannot be done now */
	FATE_REFUSED,
	FATE_FAILED,
	FATE_MISSING, /* no such container, or more than one */
	FATE_LEFT,    /* not looked at, because of what happened before */
	FATES
};

struct tally {
	unsigned int n[FATES];
};

/* "2 grown, 1 large enough, 3 not running or not on a thin device"; what there is none of is left
 * out. */
void tally_print(const struct tally *tally, bool dry_run, FILE *out);

/* The object "summary" with all of them. */
void tally_json(const struct tally *tally, struct json_writer *w);

/* The program's exit status: what failed comes first, then what was refused, then what was missing.
 */
int tally_exit_status(const struct tally *tally);
