/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Our runtime takes the place of another one and becomes that in the end. Where our configuration
 * says another program, a file in config.d says the right one.
 */

#include "setup/change.h"
#include "setup/place.h"

struct real_runtime {
	const char *engine; /* config.d/60-ENGINE.json */
	const char *owner;  /* who ran it so far, for messages */
	const char *word;   /* what that ran: a path, or a name that is looked for */
};

/*
 * Puts @replaced, or options->runtime, into that file if our configuration says another program.
 * -EEXIST: there is no such program; or it would take the place of one that others need.
 */
int real_runtime_plan(const struct setup_place *place, const struct setup_options *options,
		      const struct real_runtime *replaced, struct setup_plan *plan,
		      struct why *why);

/* A line on that file, which disable leaves: containers that run are operated by it. */
void real_runtime_note(const struct setup_place *place, const char *engine,
		       struct setup_plan *plan);
