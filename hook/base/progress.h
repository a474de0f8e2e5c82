/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Shows the progress of a long growth as a bar on stderr, if that is a terminal. Between
 * progress_begin() and progress_end() SIGINT and SIGTERM stop the growth after its present step.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal, drawn;
	const char *name;		/* of the container */
	uint64_t begin_ms, begin_bytes; /* at the first step */
	struct sigaction old_int, old_term;
};

void progress_begin(struct progress *progress);
void progress_end(struct progress *progress);

/* Starts again for the container @name, a string that must stay valid. */
void progress_of(struct progress *progress, const char *name);

/* Erases the bar, so that something else can be printed. */
void progress_clear(struct progress *progress);

/* Has SIGINT or SIGTERM arrived since progress_begin()? */
bool progress_is_interrupted(void);

/* A grow_progress (disk/grow.h); @context is a struct progress. */
bool progress_step(uint64_t done_bytes, uint64_t all_bytes, void *context);

/*
 * Pure: the line for a terminal of 80 columns, without the control characters around it. @left_ms:
 * the estimated time left; 0: not known.
 */
#define PROGRESS_LINE_BYTES 80
void progress_format(const char *name, uint64_t done_bytes, uint64_t all_bytes, uint64_t left_ms,
		     char out[PROGRESS_LINE_BYTES]);
