/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Does containerd read from the planned files what was wanted, and everything else as before? */

#include "setup/containerd-dump.h"

/*
 * With the plan containerd must have our handler, config->ours, as it was wanted, and else be as
 * @before. A dump without a text is not compared with. -EEXIST: it would not.
 */
int containerd_check_enabled(const struct setup_place *place,
			     const struct containerd_config *config,
			     const struct setup_options *options, const struct setup_plan *plan,
			     const struct containerd_dump *before, struct why *why);

/*
 * Everything but our handler must be as @before; without a text there, nothing is compared. A
 * default without a handler is noted.
 */
int containerd_check_disabled(const struct setup_place *place, struct setup_plan *plan,
			      const struct containerd_dump *before, struct why *why);
