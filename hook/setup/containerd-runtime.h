/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "setup/containerd-config.h"

/* Says what our runtime becomes, since the handler that was copied ran that. */
#define CONTAINERD_RUNTIME_FILE "60-containerd.json"

/*
 * Pods of our handler are to be run by the program that runs those of the handler that is copied
 * (or options->runtime): puts that into a file of our own configuration, if another one says it.
 * -EEXIST: there is no such program; or it would take the place of one that others need.
 */
int containerd_plan_runtime(const struct setup_place *place, const struct containerd_config *config,
			    const struct setup_options *options, struct setup_plan *plan,
			    struct why *why);

/* A line on that file, which disable leaves: containers that run are operated by it. */
void containerd_note_runtime(const struct setup_place *place, struct setup_plan *plan);
