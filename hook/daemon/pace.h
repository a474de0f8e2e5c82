/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * When does a filesystem need more space, and when must it be looked at again? Pure; all times are
 * CLOCK_BOOTTIME.
 *
 * A look at a filesystem is cheap, and an idle one may start to fill at any time: the time to the
 * next look is a part of the time in which its free space would be used up at the fastest rate that
 * is plausible, or at the present one if that is faster.
 */

#include <stdbool.h>
#include <stdint.h>

#define PACE_SHORTEST_MS 500
#define PACE_LONGEST_MS	 60000

/* What statfs(2) said. */
struct sample {
	uint64_t at_ms;
	uint64_t total_bytes, used_bytes;
	uint64_t available_bytes;   /* without what is reserved for root, as df shows it */
	uint64_t files, files_used; /* 0: it has no fixed number of inodes */
};

/* What is remembered of one filesystem; all zero: nothing. */
struct pace {
	struct sample last;
	struct sample base;	  /* from which the present rate is measured */
	uint64_t measured_before; /* the rate up to @base, in bytes per second */
	uint64_t bytes_per_s;	  /* at which it was filled lately */
	unsigned int over;	  /* so many samples in a row were at the mark */
};

enum pace_result {
	PACE_TAKEN,
	PACE_IGNORED, /* it makes no sense */
	PACE_RESIZED, /* the filesystem has another size than before: measuring starts again with it
		       */
};

enum pace_need {
	PACE_NONE,
	PACE_FULL,   /* it is at the mark */
	PACE_URGENT, /* its free space lasts a few seconds at the present rate */
};

/* Remembers @sample, which is later than the one before. @at_permille: the mark. */
enum pace_result pace_take(struct pace *pace, const struct sample *sample,
			   unsigned int at_permille);

/* Does it need more space? */
enum pace_need pace_need(const struct pace *pace);

/* How long the next look may wait. */
uint64_t pace_interval_ms(const struct pace *pace);

/* In tenths of a percent, as in df(1): of what is used and available. */
uint64_t pace_used_permille(const struct sample *sample);
