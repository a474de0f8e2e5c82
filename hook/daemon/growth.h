/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One step of growth, in a child process: the procedure of `oci-thin-grow grow`, with the guard,
 * ledger, locks and log line of all growths.
 */

#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct growth {
	const char *container, *engine;
	bool in_pod;
	const char *path, *device; /* where it is mounted; its name in device-mapper */
	dev_t dev;
	const struct rule *rule; /* that applies, or NULL */
	uint64_t bytes;
};

/* The child's exit status. */
enum growth_end {
	GROWTH_DONE,
	GROWTH_KEPT,	/* it is as large already */
	GROWTH_GONE,	/* it was unmounted or removed meanwhile */
	GROWTH_REFUSED, /* by the pool's guard, or by policy */
	GROWTH_FAILED,	/* or not possible now: nothing has changed */
	GROWTH_CUT,	/* failed or killed half-way: the device may be longer */
};

/* In the child. The result is in the log. */
enum growth_end growth_run(const struct growth *growth, const struct policy *policy);
