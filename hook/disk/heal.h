/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A thin device that an engine has made again, with the length that the engine remembers, gets the
 * length that its filesystem needs: the larger of what the superblock says and what the ledger
 * says. Called from udev, before the engine mounts it. The filesystem is not touched.
 */

#include "base/why.h"
#include "disk/thin.h"

#include <stdint.h>
#include <sys/types.h>

struct heal_order {
	bool (*is_engines)(const char *device_name);
	uint64_t max_bytes; /* no superblock is believed beyond this; the ledger is */
	uint64_t timeout_ms;
	bool dry_run;
	const char *run_dir, *ledger_dir; /* RUN_DIR, LEDGER_DIR but in tests */
};

enum heal_result {
	HEAL_KEPT,	     /* long enough, or nothing is known of it */
	HEAL_DONE,	     /* or, in a dry run, would be done */
	HEAL_NOT_APPLICABLE, /* no engine's plain thin device, or gone */
};

struct heal_report {
	enum heal_result result;
	struct thin_device device; /* as it is now */
	uint64_t from_sectors, want_sectors;
	const char *source;	   /* "ledger" or "superblock" */
	uint64_t intended_sectors; /* a growth to that length was begun and not finished; else 0 */
	struct why warning; /* a damaged ledger entry, a superblock that asks for too much; or "" */
};

/*
 * The device that has the number @dev when it is looked at, whichever that is. One that is
 * suspended, by its pool or by somebody else, is waited for. 0 and a report; -ETIMEDOUT, -errno
 * with a reason. Free the report in any case.
 */
int heal_device(dev_t dev, const struct heal_order *order, struct heal_report *report,
		struct why *why);
void heal_report_free(struct heal_report *report);
