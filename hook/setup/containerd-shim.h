/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Handlers that run a shim of their own (Kata's and those of other VMs) instead of a program like
 * runc. containerd runs containerd-shim-NAME-v2 from its PATH for the runtime_type
 * io.containerd.NAME.v2, or the program that runtime_path names.
 *
 * Two kinds of handlers *wrap* the shim NAME. A copy of theirs, oci-thin-grow-HANDLER, has the type
 * io.containerd.oci-thin-grow-NAME.v2. Or theirs is changed in place: its runtime_path is our link.
 * That link, containerd-shim-oci-thin-grow-NAME-v2, is in SHIM_LINK_DIR. Our program then becomes
 * the shim that their handler runs: if it does not find it by its name, "shims" in our
 * configuration names it.
 *
 * containerd keeps the link's path for each running container, and runs it to delete that one:
 * disable leaves the link and the configuration.
 */

#include "base/shim-name.h"
#include "setup/containerd-config.h"

struct containerd_wrap {
	char *handler; /* to be freed */
	char shim[SHIM_NAME_SIZE];
	bool in_place;
};

/* The next handler in the table @runtimes that wraps a shim, from item *@at on; false: none. */
bool containerd_next_wrap(const struct toml *toml, const char *runtimes, size_t *at,
			  struct containerd_wrap *ret);
void containerd_wrap_free(struct containerd_wrap *wrap);

/* Does this file have a handler of ours, or one that wraps a shim? */
bool containerd_is_ours(const char *text, size_t len);

/* The first shim that a handler runs, and that enable could wrap; false: none. */
bool containerd_find_shim(const struct containerd_config *config, char ret[SHIM_NAME_SIZE]);

/* Does the handler wrap a shim? */
bool containerd_is_wrap(const struct containerd_config *config, const char *handler,
			struct containerd_wrap *ret);

/*
 * Fills in config->ours, ->like and ->shim. -EEXIST: there is no such handler, or it cannot be
 * copied.
 */
int containerd_choose(struct containerd_config *config, const struct setup_options *options,
		      struct why *why);

/* Plans the link, and "shims". As setup_plan(). */
int containerd_plan_shim(const struct setup_place *place, const struct containerd_config *config,
			 const struct setup_options *options, struct setup_plan *plan,
			 struct why *why);

/* The path of our link for the shim, to be freed. */
char *containerd_shim_link(const char *shim);

/* Notes the link and the file with "shims" that disable leaves for each such handler. */
void containerd_note_shims(const struct setup_place *place, const struct containerd_config *config,
			   const char *shim, struct setup_plan *plan);

/* Writes the RuntimeClass of our handler @handler, a copy of @like. */
void containerd_runtime_class(const char *handler, const char *like, struct setup_plan *plan);
