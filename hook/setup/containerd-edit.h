/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Changes to the text of containerd's config.toml, all other bytes kept. Pure. */

#include "setup/containerd-config.h"

/* Is our handler the default one? */
bool containerd_is_default(const struct containerd_config *config);

/* Does config.toml import @import, by its name or by a pattern? */
bool containerd_has_import(const struct containerd_config *config, const char *import);

/* Version 2: our handler into @t, whose text @config was made of. 0 or -ENOMEM. */
int containerd_add_handler(struct edit_text *t, const struct containerd_config *config,
			   bool by_default, struct why *why);

/*
 * For a handler of ours that does not lead to our program: removes our block, so that it can be
 * added again, or corrects the one that was written by hand. 0, -ENOMEM; -EINVAL: it cannot.
 */
int containerd_repair(struct edit_text *t, struct why *why);

/* Version 3: an import of our drop-in into @t, whose text @config was made of. */
int containerd_add_import(struct edit_text *t, const struct containerd_config *config,
			  const char *import, struct why *why);

/* Removes all that is ours from @t; @backup (its text may be NULL) tells the default before. */
int containerd_strip(struct edit_text *t, const struct edit_text *backup, const char *import,
		     struct why *why);
