/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "setup/containerd-config.h"

/* Why the existing handler does not call us, or not with the annotations in which pods request
 * sizes; false: it does. */
bool containerd_find_fault(const struct setup_place *place, const struct containerd_config *config,
			   const char *handler, struct why *why);
