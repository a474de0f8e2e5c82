/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `trim` did, in words: the log line, text and JSON for each container, and the sum. */

#include "base/text.h"
#include "disk/trim.h"
#include "oci/json.h"

#include <stdio.h>

/* One container. The strings are the caller's. */
struct trimming {
	const char *container;	/* its label */
	const char *id;		/* NULL: no such container */
	const char *engine;	/* the same */
	const char *filesystem; /* NULL: not known */
	struct trim_report report;
	bool left;	/* the command was interrupted before */
	int error;	/* -errno of opening or trimming; -ESRCH: it does not run (any more) */
	struct why why; /* for all but TRIM_DONE and TRIM_INTERRUPTED */
	uint64_t took_ms;
	bool dry_run;
};

enum trim_fate {
	TRIM_FATE_TRIMMED, /* or would be */
	TRIM_FATE_SKIPPED,
	TRIM_FATE_PASSED_OVER, /* not running, or not on a thin device */
	TRIM_FATE_REFUSED,
	TRIM_FATE_FAILED,
	TRIM_FATE_MISSING, /* no such container, or more than one */
	TRIM_FATE_LEFT,	   /* interrupted, or not reached */
	TRIM_FATES
};

enum trim_fate trim_fate(const struct trimming *trimming);

/* One line, unless it is passed over or was not reached. */
void trim_tell_log(const struct trimming *trimming, enum trim_fate fate);

/*
 * "docker:web: 2 GiB given back to pool "pool" (2.30 GiB mapped before, 308 MiB now)", or why not.
 * One line, no newline.
 */
const char *trim_tell_into(struct text *out, const struct trimming *trimming);
#define trim_tell(trimming) trim_tell_into(&(struct text){""}, (trimming))

/* An element of an array. */
void trim_tell_json(const struct trimming *trimming, enum trim_fate fate, struct json_writer *w);

/* The pools that were seen, each once. */
struct trim_pools {
	struct trim_pool {
		char *name;
		enum thin_discards discards;
		bool told_to_keep;
		unsigned int n_skipped; /* containers, for the reason @why, which is the pool's */
		struct why why;
	} * pools;
	size_t n;
};

/* Adds the pool of @trimming. 0 or -ENOMEM. */
int trim_pools_add(struct trim_pools *pools, const struct trimming *trimming);
void trim_pools_free(struct trim_pools *pools);

/* "3 containers: not trimmed: pool "pool" has failed; repair it first"; "" if none was skipped. */
const char *trim_pool_skipped_into(struct text *out, const struct trim_pool *pool);
#define trim_pool_skipped(pool) trim_pool_skipped_into(&(struct text){""}, (pool))

/* Why discards in @pool have less effect than is expected; "" if they do not. */
const char *trim_pool_note_into(struct text *out, const struct trim_pool *pool);
#define trim_pool_note(pool) trim_pool_note_into(&(struct text){""}, (pool))

/* "passed down", "not passed down" or "ignored"; NULL: the pool has failed and does not say. */
const char *trim_pool_discards(const struct thin_pool *pool);

/* The array "pools". */
void trim_pools_json(const struct trim_pools *pools, struct json_writer *w);

struct trim_sum {
	unsigned int n[TRIM_FATES];
	uint64_t returned_bytes;
};

void trim_sum_add(struct trim_sum *sum, const struct trimming *trimming, enum trim_fate fate);

/* "2 trimmed, 1 skipped: 3 GiB given back", without zeros. */
void trim_sum_print(const struct trim_sum *sum, bool dry_run, FILE *out);

/* The object "summary", with zeros. */
void trim_sum_json(const struct trim_sum *sum, struct json_writer *w);

/*
 * The program's exit status. A container that was named (not @all) and was not trimmed is "not
 * applicable".
 */
int trim_sum_exit_status(const struct trim_sum *sum, bool all);
