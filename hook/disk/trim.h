/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gives the free space of a mounted filesystem back to the pool of its thin device: the filesystem
 * discards its free blocks (FITRIM), and the pool unmaps the whole pool blocks among them. A block
 * that a snapshot shares is unmapped from this device only, and stays in use in the pool.
 */

#include "base/why.h"
#include "disk/growfs.h"
#include "disk/rootfs.h"
#include "disk/thin.h"

#include <stdbool.h>
#include <stdint.h>

struct trim_order {
	/* May this pool be used? NULL: every pool may */
	bool (*allows_pool)(const char *name, const void *context);
	const void *allows_pool_context;
	bool dry_run;		/* look and check, but discard nothing */
	unsigned int frozen_ms; /* how long a filesystem may take to answer, see disk/frozen.h */
	const char *ledger_dir; /* LEDGER_DIR, except in tests */
	/* Called after each range; return false to stop. NULL: nobody wants to know. */
	bool (*progress)(uint64_t done_bytes, uint64_t all_bytes, void *context);
	void *progress_context;
};

#define TRIM_FROZEN_MS 2000 /* for @frozen_ms */

/* A reason to skip it, also where there is no rootfs to open. */
#define TRIM_IN_VM "a virtual machine has its disk: only its guest can trim it"

enum trim_result {
	TRIM_DONE,	     /* in a dry run: would be done */
	TRIM_NOT_APPLICABLE, /* not a plain thin device that only this container uses */
	TRIM_SKIPPED,	     /* not possible, or not now */
	TRIM_DENIED,	     /* its pool may not be used */
	TRIM_INTERRUPTED,    /* the progress function stopped it: a part is done */
};

/* In the pool's blocks, as device-mapper counts them. */
struct trim_use {
	uint64_t mapped_bytes; /* of the device */
	uint64_t pool_bytes;   /* used in the pool, by all of its devices */
};

struct trim_report {
	enum trim_result result;
	struct thin_device device; /* empty if not a device-mapper device */
	struct thin_pool pool;	   /* empty if it was not looked at */
	bool is_pools;		   /* the reason is the pool's: for all its disks it is the same */
	struct growfs fs;	   /* the same */
	uint64_t fs_used_bytes;	   /* as df shows it, before */
	uint64_t discarded_bytes;  /* by the filesystem; ext4 discards nothing twice */
	bool measured;		   /* are the next two known? */
	struct trim_use before, after; /* the same in a dry run */
};

/*
 * 0 and a report, with a reason for the results TRIM_NOT_APPLICABLE, TRIM_SKIPPED and TRIM_DENIED;
 * -errno with a reason. Free the report in every case. Not for a btrfs of more than one device.
 */
int trim_rootfs(const struct rootfs *rootfs, const struct trim_order *order,
		struct trim_report *report, struct why *why);
void trim_report_free(struct trim_report *report);

/* Pure: what was unmapped from the device, and how much of that is free in the pool now. */
uint64_t trim_unmapped_bytes(const struct trim_report *report);
uint64_t trim_returned_bytes(const struct trim_report *report);

/* Pure: what could be returned at most. */
uint64_t trim_returnable_bytes(const struct trim_report *report);

/*
 * Pure: where the range ends that begins at @from. Ranges end where groups of blocks do: ext4
 * remembers only of whole groups that they are trimmed, and XFS discards a free extent in both of
 * the ranges that it is in.
 */
uint64_t trim_range_end(const struct growfs *fs, uint64_t from);
