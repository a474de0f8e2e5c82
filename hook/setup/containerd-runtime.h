/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "setup/containerd-config.h"

/*
 * Our runtime becomes the program of the handler that is copied, or options->runtime:
 * setup/real-runtime.h, whose results it returns.
 */
int containerd_plan_runtime(const struct setup_place *place, const struct containerd_config *config,
			    const struct setup_options *options, struct setup_plan *plan,
			    struct why *why);
