/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Making it so: the one procedure that makes a container's thin device longer and grows the
 * filesystem on it, while it is in use. Every role goes through here.
 */

#include "base/why.h"
#include "disk/growfs.h"
#include "disk/guard.h"
#include "disk/plan.h"
#include "disk/rootfs.h"
#include "disk/thin.h"

/*
 * Called while a filesystem grows in steps: it has @done_bytes of @all_bytes now. false: stop here;
 * the ledger says that more was intended, and the next run goes on.
 */
typedef bool grow_progress(uint64_t done_bytes, uint64_t all_bytes, void *context);

struct grow_order {
	uint64_t want_bytes;
	struct pool_marks marks;
	/* May the pool of this name be used? NULL: any may */
	bool (*allows_pool)(const char *name, const void *context);
	const void *allows_pool_context;
	uint64_t timeout_ms;
	bool dry_run;	    /* look, decide and check, but do nothing */
	const char *source; /* who wants it, for the ledger; NULL: it goes on with what was begun */
	const char *run_dir, *ledger_dir; /* RUN_DIR, LEDGER_DIR but in tests */
	grow_progress *progress;	  /* NULL: in one step */
	/* Called with report->caution, if there is one, right before anything is changed; or NULL.
	 */
	void (*warn)(const char *caution, void *context);
	void *progress_context; /* of both */
};

enum grow_result {
	GROW_KEPT,	     /* all is large enough */
	GROW_DONE,	     /* or, in a dry run, would be done */
	GROW_NOT_APPLICABLE, /* not a plain thin device of the container's own */
	GROW_REFUSED,	     /* the device could be grown, but must not be */
	GROW_POSTPONED,	     /* it cannot be done now; a later run finishes it */
};

struct grow_report {
	enum grow_result result;
	struct thin_device device; /* as it is now; empty if not a device-mapper device */
	uint64_t from_sectors;	   /* its length before */
	struct thin_pool pool;	   /* only if there was something to do */
	struct growfs fs_before, fs;
	struct plan plan;
	bool pool_denied;   /* refused because of allows_pool */
	bool unfinished;    /* a run before did all but settle it, or say that it was done */
	struct why caution; /* what speaks against the growth that is planned, or "" */
	struct why warning; /* what is to be known although it was done or kept, or "" */
};

/*
 * 0 and a report, with a reason for the last three results; -errno with a reason (-ECANCELED: the
 * progress function said stop). The report tells how far it came also where it was postponed or
 * failed. Nothing is ever rolled back: a device that is longer than its filesystem is harmless, and
 * the next run finishes. Free the report in any case.
 */
int grow_rootfs(struct rootfs *rootfs, const struct grow_order *order, struct grow_report *report,
		struct why *why);
void grow_report_free(struct grow_report *report);
