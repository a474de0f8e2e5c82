/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How far a long growth is, as a bar on stderr if that is a terminal, and whether somebody wants it
 * to stop: while it is shown SIGINT and SIGTERM stop the growth between two of its steps.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal, drawn;
	const char *name;		/* of what grows */
	uint64_t begin_ms, begin_bytes; /* at its first step */
	struct sigaction old_int, old_term;
};

void progress_begin(struct progress *progress);
void progress_end(struct progress *progress);

/* @name grows from now on; it must outlive that. */
void progress_of(struct progress *progress, const char *name);

/* Takes the bar away, so that something else can be said. */
void progress_clear(struct progress *progress);

/* Has somebody wanted it to stop since progress_begin()? */
bool progress_is_interrupted(void);

/* A grow_progress (disk/grow.h); @context is a struct progress. */
bool progress_step(uint64_t done_bytes, uint64_t all_bytes, void *context);

/*
 * Pure: the line for a terminal of 80 columns, without the control characters around it. @left_ms:
 * how long the rest will take; 0: that is not known.
 */
#define PROGRESS_LINE_BYTES 80
void progress_format(const char *name, uint64_t done_bytes, uint64_t all_bytes, uint64_t left_ms,
		     char out[PROGRESS_LINE_BYTES]);
