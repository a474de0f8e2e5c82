/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The container state of the OCI runtime-spec (runtime.md, "State"), as hooks get it on stdin.
 *
 * Runtimes differ: status is "creating" (runc), "created" (crun) or "running" (poststart), Kata
 * leaves strings empty, and pid is missing or 0 where there is no process yet, or where the hook
 * runs in the container's pid namespace (crun). Only what we use is
 * looked at; what we use must be of the right type, there once, and without NUL.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdint.h>

#define STATE_MAX_BYTES (1024UL * 1024)
#define STATE_MAX_ID	1024 /* longest id that runc takes */

struct oci_state {
	struct json_doc *doc;
	const char *id;
	const char *bundle;		/* an absolute path, or "" (Kata) */
	const char *status;		/* "" if not said */
	int64_t pid;			/* 0 if not said */
	const struct json *annotations; /* or NULL */
};

/* Reads @fd to its end. 0, or -errno with a reason that says at which byte. */
int oci_state_read(int fd, struct oci_state *ret, struct why *why);
void oci_state_free(struct oci_state *state);

/*
 * Do we run in the container's mount namespace (createContainer, startContainer) instead of the
 * runtime's? @proc_dir is "/proc" but in tests. 1, 0, or -errno with a reason.
 */
int oci_state_in_container(const struct oci_state *state, const char *proc_dir, struct why *why);
