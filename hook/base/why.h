/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Why something was not done, in words for the person who must act.
 *
 * Functions that can fail for reasons that an errno cannot tell take a `struct why *` and fill it
 * when they fail; they never log. The caller that knows the whole story prints it once. Text that
 * comes from a tenant enters a reason only through quote().
 */

#include <stddef.h>

struct why {
	char text[640];
};

/* Fills @why (a text that is too long is cut) and returns -@err, so that it can end a function. */
int why_set(struct why *why, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The commonest reason. Returns -ENOMEM. */
int why_no_memory(struct why *why);

/* Puts "@prefix: " before the reason. Returns @r. */
int why_prefix(struct why *why, int r, const char *prefix);
