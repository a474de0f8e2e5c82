/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The one procedure that extends a container's thin device and grows the filesystem on it while
 * both are in use. Every command that grows goes through here.
 */

#include "base/why.h"
#include "disk/growfs.h"
#include "disk/guard.h"
#include "disk/plan.h"
#include "disk/rootfs.h"
#include "disk/thin.h"

/*
 * Called while a filesystem grows in steps: @done_bytes of @all_bytes are done. Return false to
 * stop; the ledger keeps the intended size, and the next run continues.
 */
typedef bool grow_progress(uint64_t done_bytes, uint64_t all_bytes, void *context);

struct grow_order {
	uint64_t want_bytes;
	/*
	 * Grow a filesystem that takes long only to this size now (0: no limit). The device gets
	 * its full length, and the ledger keeps the intended size, for a later run that continues.
	 */
	uint64_t fs_limit_bytes;
	struct pool_marks marks;
	/* May this pool be used? NULL: every pool may */
	bool (*allows_pool)(const char *name, const void *context);
	const void *allows_pool_context;
	uint64_t timeout_ms;
	bool dry_run;	    /* look, decide and check, but change nothing */
	const char *source; /* who asked, for the ledger; NULL: continue an earlier growth */
	const char *run_dir, *ledger_dir; /* RUN_DIR and LEDGER_DIR, except in tests */
	grow_progress *progress;	  /* NULL: in one step */
	/* Called with report->caution, if there is one, right before the first change; or NULL. */
	void (*warn)(const char *caution, void *context);
	void *progress_context; /* for progress and warn */
};

enum grow_result {
	GROW_KEPT,	     /* device and filesystem are large enough */
	GROW_DONE,	     /* in a dry run: would be done */
	GROW_NOT_APPLICABLE, /* not a plain thin device that only this container uses */
	GROW_REFUSED,	     /* growing is possible but not allowed */
	GROW_POSTPONED,	     /* not possible now; a later run finishes it */
};

struct grow_report {
	enum grow_result result;
	struct thin_device device; /* as it is now; empty if not a device-mapper device */
	uint64_t from_sectors;	   /* its length before */
	struct thin_pool pool;	   /* set only if there was something to do */
	struct growfs fs_before, fs;
	struct plan plan;
	bool pool_denied; /* refused because of allows_pool */
	bool in_vm;	  /* not applicable because a virtual machine has it */
	bool put_off;	  /* the filesystem is to grow further, to plan.fs_bytes, in a later run */
	bool unfinished;  /* an earlier run grew it but could not settle it or mark it done */
	struct why caution; /* a disadvantage of the planned growth, or "" */
	struct why warning; /* a warning for the operator although the growth succeeded, or "" */
};

/*
 * 0 and a report, with a reason for the last three results; -errno with a reason (-ECANCELED: the
 * progress function stopped it). The report says how far it got even when it was postponed or
 * failed. Nothing is rolled back: a device that is longer than its filesystem is harmless, and the
 * next run finishes. Free the report in every case.
 */
int grow_rootfs(struct rootfs *rootfs, const struct grow_order *order, struct grow_report *report,
		struct why *why);
void grow_report_free(struct grow_report *report);
