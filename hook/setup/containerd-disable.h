/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "setup/change.h"

/*
 * Plans what disable does to containerd's files (setup/containerd-config.h), with notes on what it
 * leaves. Nothing changes if nothing is ours. As setup_plan().
 */
int containerd_disable(const struct setup_place *place, const struct setup_options *options,
		       struct setup_plan *plan, struct why *why);
