/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What one look at the whole host finds: its pools, its active thin devices and who would heal
 * them, the ledger; and by that, which container would not start again. Costs a few calls for each
 * device-mapper device: never on a container's way.
 */

#include "disk/ledger.h"
#include "disk/thin.h"
#include "role/inventory.h"

struct survey_pool {
	dev_t dev;
	struct thin_pool status;
	uint64_t virtual_bytes; /* all its active thin devices together */
	uint64_t active;	/* how many these are */
};

struct survey_device {
	struct thin_device thin;
	bool healed; /* made long enough when its engine makes it again; true for devices of nobody
		      */
};

struct survey {
	struct survey_pool *pools;
	struct survey_device *devices; /* active thin ones */
	struct ledger_entry *entries;  /* the sound ones */
	size_t n_pools, n_devices, n_entries;
	uint64_t damaged_entries;
	uint64_t engine_devices,
		unhealed_devices; /* of @devices: engines', and not healed of these */
	uint64_t unread;	  /* what could not be read: a pool, the ledger, ... */
};

/*
 * Looks, and leaves out what cannot be read, with a reason to @complain for each. @ledger_dir is
 * LEDGER_DIR but in tests. 0; -ENOMEM; -errno if there is no device-mapper to ask, with a reason.
 * Free it in any case.
 */
int survey_take(const char *ledger_dir, void (*complain)(const struct why *why), struct survey *ret,
		struct why *why);
void survey_free(struct survey *survey);

/* What is wrong with a container's disk. What is worse comes later. */
enum survey_risk {
	RISK_NONE,
	RISK_UNFINISHED, /* a growth was cut short; the next start or heal --all finishes it */
	RISK_NOT_HEALED, /* grown beyond what its engine remembers, and nothing would mend that */
	RISK_TOO_SHORT,	 /* it is shorter now than the ledger says: it cannot be mounted */
	SURVEY_RISKS,
};

/* Pure. Of an engine's device only: others are not made again by somebody who forgets. */
enum survey_risk survey_judge(const struct survey *survey, const struct inventory *row);
