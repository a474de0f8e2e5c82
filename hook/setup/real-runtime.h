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
 * 0; -EEXIST: there is no such program, or others need the one that is configured; -errno; with a
 * reason.
 */
int real_runtime_plan(const struct setup_place *place, const struct setup_options *options,
		      const struct real_runtime *replaced, struct setup_plan *plan,
		      struct why *why);

/*
 * The same for the shim @shim that @handler runs: config.d/60-shim-NAME.json. Not if our wrapper
 * becomes the right program without it. @path: the handler's runtime_path, or NULL.
 */
int real_shim_plan(const struct setup_place *place, const struct setup_options *options,
		   const char *handler, const char *shim, const char *path, struct setup_plan *plan,
		   struct why *why);

/* The program that this file names, to be freed. NULL: there is no such file. */
char *real_shim_planned(const struct setup_place *place, const char *shim);

/* Notes that disable leaves these files, as running containers need them. */
void real_runtime_note(const struct setup_place *place, const char *engine,
		       struct setup_plan *plan);
void real_shim_note(const struct setup_place *place, const char *shim, struct setup_plan *plan);
