/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "setup/engines.h"

/*
 * What disable does to containerd's files (setup/containerd-config.h has the whole of it), with
 * notes of what it leaves. Changes nothing where nothing is ours. As setup_plan().
 */
int containerd_disable(const struct setup_place *place, const struct setup_options *options,
		       struct setup_plan *plan, struct why *why);
