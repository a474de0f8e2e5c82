/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The container state of the OCI runtime-spec (runtime.md, "State"), as hooks get it on stdin.
 *
 * Runtimes differ: Kata leaves strings empty, and pid is missing or 0 where there is no process
 * yet, or where the hook runs in the container's pid namespace (crun). Only what we use is looked
 * at, and most containers ask for nothing: what is wrong with their state is none of our business.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdint.h>

#define STATE_MAX_BYTES (16UL * 1024 * 1024) /* the annotations of a spec of that size */
#define STATE_MAX_ID	1024		     /* longest id that runc takes */

struct oci_state {
	struct json_doc *doc;
	const char *id;			/* "" if not given */
	const char *bundle;		/* an absolute path, or "" (Kata) */
	const char *root;		/* crun's addition: the spec's root.path; or NULL */
	int64_t pid;			/* 0 if not given */
	const struct json *annotations; /* or NULL */
	/* Of the wrong type, there twice, with NUL, out of range, ...: it counts as not given, and
	 * the first reason is here. "" if the state is sound. */
	struct why flaw;
};

/* Reads @fd to its end. 0; -ENODATA: it is empty; -errno with a reason if that is no JSON object.
 */
int oci_state_read(int fd, struct oci_state *ret, struct why *why);
void oci_state_free(struct oci_state *state);
