/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Finishes growths of devices in use that were interrupted or put off. ext4 grows in steps of
 * FINISH_STEP_BYTES: between two of them the device's lock is free, the ledger says how far it
 * came, and the policy is asked again. Other filesystems grow in one step.
 */

#include "disk/thin.h"
#include "engine/list.h"
#include "policy/policy.h"

#include <stdio.h>

#define FINISH_STEP_BYTES (UINT64_C(64) << 30)

struct finisher {
	const struct policy *policy;
	bool dry_run;
	/*
	 * At the lowest I/O priority, which this process then keeps, and when a frozen filesystem
	 * is thawed, however long that takes.
	 */
	bool idle;
	FILE *out;   /* results are printed here; NULL: they are only logged */
	bool listed; /* @list has been read; only the first growth that needs it does that */
	struct engine_list list;
};

/*
 * Does policy still allow @device the intended @sectors? 0; -EPERM: not, or the program is switched
 * off; -errno; with a reason.
 */
int finish_check(struct finisher *finisher, const char *device, uint64_t sectors, struct why *why);

enum finish_result {
	FINISH_DONE,	/* nothing is left to do; in a dry run: it would be finished */
	FINISH_MORE,	/* this step is done, and more are to come */
	FINISH_ABSENT,	/* not mounted here: the next start of its container finishes it */
	FINISH_DENIED,	/* policy does not allow it any more, or the program is switched off */
	FINISH_BLOCKED, /* not possible now */
	FINISH_FAILED,
};

/*
 * Makes one step towards the intended @sectors of @device and its filesystem, and reports what
 * became of it.
 */
enum finish_result finish_step(struct finisher *finisher, const struct thin_device *device,
			       uint64_t sectors);

/*
 * All steps, one after the other. An exit status; EXIT_OK also if policy does not allow it or the
 * device is not mounted.
 */
int finish_growth(struct finisher *finisher, const struct thin_device *device, uint64_t sectors);
void finisher_free(struct finisher *finisher);
