/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How containerd itself reads its configuration: "containerd config dump" of the files as they are,
 * and as they would be. There is no dump if containerd is not installed, nor of a template, which
 * it does not read.
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

/*
 * -EINVAL: containerd cannot read its configuration; -EEXIST: it reads other files than we, because
 * of a pattern that earlier versions resolve in another way; -errno; with a reason.
 */
int containerd_dump_now(const struct setup_place *place, const struct containerd_config *config,
			struct containerd_dump *ret, struct why *why);

/* The same for the files as the place's plan makes them; @config has been read from these. */
int containerd_dump_future(const struct setup_place *place, const struct containerd_config *config,
			   struct containerd_dump *ret, struct why *why);
void containerd_dump_free(struct containerd_dump *dump);

/* A dump has every key. Does this value mean the same as no key? */
bool containerd_dump_is_zero(const struct toml_item *item);

/* Adds to the view the settings of the handler @like that no file has: defaults. 0 or -ENOMEM. */
int containerd_learn(struct containerd_config *config, const struct containerd_dump *dump,
		     const char *like, struct why *why);
