/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Extends a thin device that its engine re-created at the size that the engine remembers to the
 * size that its filesystem needs: the larger of what the superblock and the ledger say. For a
 * device that was given to a virtual machine only the ledger is asked, because its guest can write
 * any superblock. Called from udev, before the engine mounts the device. Does not touch the
 * filesystem.
 */

#include "base/why.h"
#include "disk/thin.h"

#include <stdint.h>
#include <sys/types.h>

struct heal_order {
	bool (*is_engines)(const char *device_name);
	uint64_t max_bytes; /* larger sizes are ignored in superblocks, not in the ledger */
	/*
	 * How many sectors is the superblock of this device believed to need? Asked only if it says
	 * more than table and ledger, as engines' files have to be read. If that is not enough:
	 * with the reason. NULL: any number.
	 */
	uint64_t (*trusts)(const struct thin_device *device, const void *context, struct why *why);
	const void *trusts_context;
	uint64_t timeout_ms;
	bool dry_run;
	const char *run_dir, *ledger_dir; /* RUN_DIR and LEDGER_DIR, except in tests */
};

enum heal_result {
	HEAL_KEPT,	     /* long enough, or no size is known */
	HEAL_DONE,	     /* in a dry run: would be done */
	HEAL_NOT_APPLICABLE, /* not an engine's plain thin device, or gone */
};

struct heal_report {
	enum heal_result result;
	struct thin_device device; /* as it is now */
	uint64_t from_sectors, want_sectors;
	const char *source;	   /* "ledger" or "superblock" */
	uint64_t intended_sectors; /* length of a growth that was begun and not finished; else 0 */
	bool in_vm;		   /* it is marked */
	struct why warning; /* a damaged ledger entry, a superblock that asks for too much; or "" */
};

/*
 * Heals whichever device has the number @dev when it is opened. If it is suspended, by its pool or
 * by another program, waits for it. 0 and a report; -ETIMEDOUT or -errno, with a reason. Free the
 * report in every case.
 */
int heal_device(dev_t dev, const struct heal_order *order, struct heal_report *report,
		struct why *why);
void heal_report_free(struct heal_report *report);
