/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lists all containers of all engines, and finds the one that an operator means. */

#include "base/why.h"
#include "engine/container.h"

struct engine_list {
	struct engine_container *containers; /* sorted by engine, namespace, name and id */
	size_t n;
};

/*
 * Two engines may have the same container (Docker and its containerd): the one that knows more is
 * kept. A walk may also find one twice. @complain as in struct engine_walk. 0 or -ENOMEM.
 */
int engine_list_read(const struct engine_roots *roots,
		     void (*complain)(const struct why *why, void *context), void *context,
		     struct engine_list *ret);
void engine_list_free(struct engine_list *list);

/*
 * Finds the container @text: a name, an id or the beginning of an id, optionally with "NAMESPACE/"
 * before it, and "ENGINE:" before that. Exact matches win over prefixes; of several attempts of one
 * pod's container the running one is meant. 0; -ENOENT; -EEXIST: more than one, with the candidates
 * in the reason.
 */
int engine_list_find(const struct engine_list *list, const char *text,
		     const struct engine_container **ret, struct why *why);

/* The first container whose files name this device-mapper device; NULL: none. */
const struct engine_container *engine_list_find_device(const struct engine_list *list,
						       const char *device);

/* For people: "docker:web" or, without a name, "docker:0123456789ab". The caller frees it. */
char *engine_container_label(const struct engine_container *container);
