/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Counts what a command did with many containers. Pure except for the stream. */

#include "oci/json.h"

#include <stdio.h>

enum fate {
	FATE_GROWN,	  /* or would be */
	FATE_KEPT,	  /* large enough */
	FATE_UNASKED,	  /* no size is requested */
	FATE_PASSED_OVER, /* not running, or not on a thin device */
	FATE_POSTPONED,	  /* not possible now */
	FATE_REFUSED,
	FATE_FAILED,
	FATE_MISSING, /* no such container, or more than one */
	FATE_LEFT,    /* not reached: the command stopped before */
	FATES
};

struct tally {
	unsigned int n[FATES];
};

/* "2 grown, 1 large enough, 3 not running or not on a thin device", without zeros. */
void tally_print(const struct tally *tally, bool dry_run, FILE *out);

/* Writes the object "summary", with zeros. */
void tally_json(const struct tally *tally, struct json_writer *w);

/* The program's exit status: failures take precedence, then refusals, then missing containers. */
int tally_exit_status(const struct tally *tally);
