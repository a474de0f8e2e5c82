/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Finishes interrupted growths of devices in use, for `heal --all`. */

#include "disk/thin.h"
#include "engine/list.h"
#include "policy/policy.h"

#include <stdio.h>

struct finisher {
	const struct policy *policy;
	bool dry_run;
	FILE *out;   /* results are printed here */
	bool listed; /* @list has been read; only the first growth that needs it does that */
	struct engine_list list;
};

/*
 * Grows @device and its filesystem to the intended @sectors, if policy still allows that and the
 * device is mounted, and prints the result. An exit status; EXIT_OK also if policy forbids it or
 * the device is not mounted.
 */
int finish_growth(struct finisher *finisher, const struct thin_device *device, uint64_t sectors);
void finisher_free(struct finisher *finisher);
