/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "setup/docker-config.h"

/*
 * Our runtime becomes the program of the default runtime that it replaces, or options->runtime:
 * setup/real-runtime.h, whose results it returns. @config: daemon.json as it is now.
 */
int docker_plan_runtime(const struct setup_place *place, const struct docker_config *config,
			const struct setup_options *options, struct setup_plan *plan,
			struct why *why);
