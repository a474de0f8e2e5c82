/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Making it so: the one procedure that makes a container's thin device longer and grows the
 * filesystem on it, while it is in use. Every role goes through here.
 */

#include "base/why.h"
#include "disk/growfs.h"
#include "disk/plan.h"
#include "disk/rootfs.h"
#include "disk/thin.h"

struct grow_order {
	uint64_t want_bytes;
	struct pool_marks marks;
	uint64_t timeout_ms;
	bool dry_run;			  /* look, decide and check, but do nothing */
	const char *run_dir, *ledger_dir; /* RUN_DIR, LEDGER_DIR but in tests */
};

enum grow_result {
	GROW_KEPT,	     /* all is large enough */
	GROW_DONE,	     /* or, in a dry run, would be done */
	GROW_NOT_APPLICABLE, /* not a plain thin device of the container's own */
	GROW_REFUSED,	     /* the device could be grown, but must not be */
};

struct grow_report {
	enum grow_result result;
	struct thin_device device; /* as it is now; empty if not a device-mapper device */
	uint64_t from_sectors;	   /* its length before */
	struct thin_pool pool;	   /* only if there was something to do */
	struct growfs fs_before, fs;
	struct plan plan;
	bool unfinished;    /* a run before did all but say that it was done */
	struct why warning; /* it was done, but something is to be known */
};

/*
 * 0 and a report, with a reason for the last two results; -errno with a reason, and the report
 * tells how far it came. Nothing is ever rolled back: a device that is longer than its filesystem
 * is harmless, and the next run finishes. Free the report in any case.
 */
int grow_rootfs(struct rootfs *rootfs, const struct grow_order *order, struct grow_report *report,
		struct why *why);
void grow_report_free(struct grow_report *report);
