/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A container as a hook meets it: the state, and the spec in its bundle. */

#include "base/cleanup.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "role/job.h"

struct container {
	struct oci_state state;
	struct oci_spec spec; /* empty if the state names no bundle */
};

/*
 * Reads the state from @fd (@what says what that is), and then the spec. 0, or -errno with a
 * reason, which names the container if it is known.
 */
int container_read_state(int fd, const char *what, struct container *ret, struct why *why);
int container_read_spec(struct container *container, struct why *why);
void container_free(struct container *container);

/* A job for it. What state and spec say of annotations is merged: the state comes first. */
struct job container_job(const struct container *container);
