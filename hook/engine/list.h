/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All containers of all engines, and the one that an operator means. */

#include "base/why.h"
#include "engine/container.h"

struct engine_list {
	struct engine_container *containers; /* sorted by engine, namespace, name and id */
	size_t n;
};

/*
 * Two engines may know of one container (Docker and its containerd): the one that knows more is
 * kept. Walks may find one more than once, too. @complain as in struct engine_walk. 0 or -ENOMEM.
 */
int engine_list_read(const struct engine_roots *roots,
		     void (*complain)(const struct why *why, void *context), void *context,
		     struct engine_list *ret);
void engine_list_free(struct engine_list *list);

/*
 * @text is a name or an id, perhaps with "NAMESPACE/" before it, or the beginning of an id; each
 * perhaps with "ENGINE:" before it. What is exact beats what only begins so; of several attempts of
 * one pod's container the running one is meant. 0; -ENOENT; -EEXIST: more than one, with the
 * candidates in the reason.
 */
int engine_list_find(const struct engine_list *list, const char *text,
		     const struct engine_container **ret, struct why *why);

/* "docker:web" or, without a name, "docker:0123456789ab": for people. The caller frees it. */
char *engine_container_label(const struct engine_container *container);
