/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A container as a hook sees it: its state, and the spec in its bundle. */

#include "base/cleanup.h"
#include "job/job.h"
#include "oci/spec.h"
#include "oci/state.h"

struct container {
	struct oci_state state;
	struct oci_spec spec; /* empty if there is none to read */
	struct why no_spec;   /* why config.json could not be read; "" */
};

/*
 * Reads the state from @fd, called @what in reasons ("container state on stdin"), then config.json
 * in its bundle. That file is not read if the state has root.path (crun): with crun's --config it
 * is not the container's spec. 0, or -errno with a reason if there is no valid state. Other flaws
 * are in ret->state.flaw and ret->no_spec, and matter only if the container requests a size.
 */
int container_read(int fd, const char *what, struct container *ret, struct why *why);
void container_free(struct container *container);

/* A job for it. Annotations of state and spec are merged; the state's win. */
struct job container_job(const struct container *container);
