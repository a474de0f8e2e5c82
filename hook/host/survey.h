/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What one look at the whole host finds: its pools, its active thin devices and who would heal
 * them, the ledger; and by that, which container would not start again. Costs a few calls for each
 * device-mapper device: never on a container's way.
 */

#include "disk/healing.h"
#include "disk/ledger.h"
#include "disk/thin.h"
#include "host/risk.h"

struct survey_pool {
	dev_t dev;
	struct thin_pool status;
	uint64_t virtual_bytes; /* all its active thin devices together */
	uint64_t active;	/* how many these are */
};

struct survey_device {
	struct thin_device thin;
	struct risk_device risk; /* of an engine's */
	bool healed;		 /* disk/healing.h; true if it is no engine's */
};

struct survey_order {
	const struct policy *policy;
	const char *run_dir, *ledger_dir; /* RUN_DIR, LEDGER_DIR but in tests */
	const struct healing *healing;	  /* healing_host() */
	void (*complain)(const struct why *why);
};

struct survey {
	bool heals; /* of the order */
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
 * Looks, and leaves out what cannot be read, with a reason to @order's complain() for each. 0;
 * -ENOMEM; -errno if there is no device-mapper to ask, with a reason. Free it in any case.
 */
int survey_take(const struct survey_order *order, struct survey *ret, struct why *why);
void survey_free(struct survey *survey);

/* risk_judge() by what the survey found. */
enum risk survey_judge(const struct survey *survey, const struct inventory *row);
