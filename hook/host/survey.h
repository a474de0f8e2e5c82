/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The host at one moment, for metrics and list --pools: its pools, its active thin devices and
 * whether they would be healed, and the ledger. Takes a few system calls for each device-mapper
 * device: never while a container starts.
 */

#include "disk/healing.h"
#include "disk/ledger.h"
#include "disk/thin.h"
#include "engine/list.h"
#include "host/forecast.h"
#include "host/pool-extender.h"
#include "host/risk.h"

struct survey_pool {
	dev_t dev;
	struct thin_pool status;
	uint64_t virtual_bytes; /* sum of its active thin devices */
	uint64_t active;	/* the number of these devices */
	uint64_t containers;	/* survey_count() */
	struct pool_extender extender;
	struct forecast forecast;
};

struct survey_device {
	struct thin_device thin;
	struct risk_device risk; /* if it is an engine's */
	bool healed;		 /* disk/healing.h; true if it is not an engine's */
};

struct survey_order {
	const struct policy *policy;
	const char *run_dir, *ledger_dir;     /* RUN_DIR, LEDGER_DIR, except in tests */
	const struct healing *healing;	      /* healing_host() */
	const struct extender_places *places; /* &extender_host, except in tests */
	void (*complain)(const struct why *why);
};

struct survey {
	bool heals;  /* healing.armed of the host */
	bool daemon; /* settings_has_daemon() */
	bool daemon_runs;
	struct daemon_state watched; /* empty: the daemon does not run */
	struct survey_pool *pools;
	struct survey_device *devices; /* active thin devices */
	struct ledger_entry *entries;  /* sound ones */
	size_t n_pools, n_devices, n_entries;
	uint64_t damaged_entries;
	uint64_t engine_devices;   /* how many of @devices are engines' */
	uint64_t unhealed_devices; /* how many of these would not be healed */
	uint64_t unread;	   /* how many devices, pools, ... could not be read */
};

/*
 * Leaves out what cannot be read and calls complain() for it. 0; -ENOMEM, or -errno if
 * device-mapper cannot be used; with a reason. Free it in every case.
 */
int survey_take(const struct survey_order *order, struct survey *ret, struct why *why);

/* The same for this host, and not a test's. */
int survey_host(const struct policy *policy, void (*complain)(const struct why *why),
		struct survey *ret, struct why *why);
void survey_free(struct survey *survey);

/* Counts, for each pool, the containers of @list whose disk is in use. */
void survey_count(struct survey *survey, const struct engine_list *list,
		  const struct policy *policy);

/* risk_judge() with the survey's devices and entries. */
enum risk survey_judge(const struct survey *survey, const struct inventory *row);

/* What the daemon knows of it; NULL: it does not run, or does not watch it. */
const struct daemon_disk *survey_disk(const struct survey *survey, const struct inventory *row);

/* inventory_is_in_vm() with the survey's entries. */
bool survey_is_in_vm(const struct survey *survey, const struct inventory *row);
