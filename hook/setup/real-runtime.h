/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The program that our runtime becomes in the end must be the one that the engine ran before. If
 * our configuration names another one, a file in config.d sets it.
 */

#include "setup/change.h"
#include "setup/place.h"

struct real_runtime {
	const char *engine; /* config.d/60-ENGINE.json */
	const char *owner;  /* what ran it so far, for messages: "the handler runc" */
	const char *word;   /* the program: a path, or a name that is looked up */
};

/*
 * Plans that file for @replaced, or options->runtime, if our configuration names another program.
 * -EEXIST: there is no such program; or others need the one that is configured.
 */
int real_runtime_plan(const struct setup_place *place, const struct setup_options *options,
		      const struct real_runtime *replaced, struct setup_plan *plan,
		      struct why *why);

/* Notes that disable leaves that file, as running containers need it. */
void real_runtime_note(const struct setup_place *place, const char *engine,
		       struct setup_plan *plan);
