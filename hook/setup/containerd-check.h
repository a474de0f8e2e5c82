/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How containerd itself reads its configuration: "containerd config dump" of the files as they are,
 * and as they would be. Nothing is checked or reported if containerd is not installed, nor for a
 * template, which it does not read.
 *
 * Files as they would be are written to a directory in /tmp. There, config.toml imports by name all
 * files that the real one would import in the end, so that order and patterns make no difference.
 */

#include "setup/containerd-config.h"

struct containerd_dump {
	char *text; /* NULL: there is none */
	size_t len;
	struct toml toml;
	const char *plugin; /* the CRI plugin's name in it; NULL: it is disabled */
};

/* -EINVAL: containerd cannot read its configuration; -errno; with a reason. */
int containerd_dump_now(const struct setup_place *place, const struct containerd_config *config,
			struct containerd_dump *ret, struct why *why);
void containerd_dump_free(struct containerd_dump *dump);

/* Adds to the view the settings of the handler @like that no file has: defaults. 0 or -ENOMEM. */
int containerd_learn(struct containerd_config *config, const struct containerd_dump *dump,
		     const char *like, struct why *why);

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
