/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The container state of the OCI runtime-spec (runtime.md, "State"), which hooks get on stdin.
 *
 * Runtimes differ: Kata leaves strings empty; pid is missing or 0 if there is no process yet, or if
 * the hook runs in the container's pid namespace (crun). Only the fields that we use are checked,
 * and a flaw in them is not an error yet: most containers request nothing and must not fail.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdint.h>

#define STATE_MAX_BYTES (16UL * 1024 * 1024) /* the limit of a spec, whose annotations it has */
#define STATE_MAX_ID	1024		     /* the longest id that runc accepts */

struct oci_state {
	struct json_doc *doc;
	const char *id;			/* "" if not given */
	const char *bundle;		/* absolute path, or "" (Kata) */
	const char *root;		/* crun's extension: the spec's root.path; or NULL */
	int64_t pid;			/* 0 if not given */
	const struct json *annotations; /* or NULL */
	/*
	 * The first field that is duplicate, out of range, of the wrong type or has a NUL: such a
	 * field is treated as missing. "" if the state is sound.
	 */
	struct why flaw;
};

/* Reads @fd to its end. 0; -errno with a reason if it is not a JSON object. */
int oci_state_read(int fd, struct oci_state *ret, struct why *why);
void oci_state_free(struct oci_state *state);
