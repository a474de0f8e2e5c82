/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Why something was not done, in words for the operator.
 *
 * Functions that can fail for reasons that an errno cannot express take a `struct why *` and fill
 * it on failure; they never log. The caller that knows all details prints it once. A tenant's
 * text enters a reason only through quote().
 */

#include <stddef.h>

struct why {
	char text[640];
};

/* Fills @why (truncated if too long) and returns -@err, so it can end a function. */
int why_set(struct why *why, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Out of memory. Returns -ENOMEM. */
int why_no_memory(struct why *why);

/* Prepends "@prefix: " to the reason. Returns @r. */
int why_prefix(struct why *why, int r, const char *prefix);
