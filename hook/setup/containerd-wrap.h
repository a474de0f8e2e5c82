/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Changes handlers so that they wrap a shim (setup/containerd-shim.h), in place; and undoes it. */

#include "setup/containerd-edit.h"

/* Changes the handler config->ours in the text @t. 0; -EINVAL, -ENOMEM, with a reason. */
int containerd_wrap_in_place(struct edit_text *t, const struct containerd_config *config,
			     struct why *why);

/*
 * Removes copies from the text @t, and restores what was changed in place: of all handlers that
 * wrap the shim @shim, or any (NULL). As containerd_strip().
 */
int containerd_unwrap(const struct setup_place *place, struct edit_text *t,
		      const struct containerd_before *before, const char *shim, bool *ret_found,
		      struct why *why);
