/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Growths that were cut short, of devices in use: what `heal --all` does besides healing. */

#include "disk/thin.h"
#include "engine/list.h"
#include "policy/policy.h"

#include <stdio.h>

struct finisher {
	const struct policy *policy;
	bool dry_run;
	FILE *out;   /* for what came of it */
	bool listed; /* @list was read, when the first growth needed it */
	struct engine_list list;
};

/*
 * Grows @device and its filesystem to the @sectors that were intended, if policy still allows it
 * and the device is mounted; says what came of it. An exit status: neither of the two is a failure.
 */
int finish_growth(struct finisher *finisher, const struct thin_device *device, uint64_t sectors);
void finisher_free(struct finisher *finisher);
