/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A container as a hook meets it: the state, and the spec in its bundle. */

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
 * Reads the state from @fd (@what says what that is: "container state on stdin"), and then the spec
 * in its bundle; but crun's state says all that we need of it, and is right where config.json is
 * not the spec (--config). 0, or -errno with a reason if there is no state. What else is wrong is
 * in ret->state.flaw and ret->no_spec, and matters only if something is asked for.
 */
int container_read(int fd, const char *what, struct container *ret, struct why *why);
void container_free(struct container *container);

/* A job for it. What state and spec say of annotations is merged: the state comes first. */
struct job container_job(const struct container *container);
