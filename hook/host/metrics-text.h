/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Writes the metrics in Prometheus' text format. Pure except for the stream. */

#include "host/survey.h"

#include <stdio.h>
#include <time.h>

struct metrics_row {
	struct inventory inventory;
	enum risk risk;
	bool in_vm;			/* survey_is_in_vm() */
	const struct daemon_disk *disk; /* NULL: the daemon does not watch it, or does not run */
};

struct metrics {
	const struct survey *survey;
	struct metrics_row *rows; /* containers on thin devices */
	size_t n_rows;
	time_t now;
};

/* 0, -ENOMEM or -EIO; the stream stays open. */
int metrics_write(const struct metrics *metrics, FILE *out);
