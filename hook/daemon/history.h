/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The steps and the back-off of disks that are not mounted now, by the name of their device: a
 * container that starts again, and the daemon itself, go on with the budget that is left. Pure; all
 * times are CLOCK_BOOTTIME.
 */

#include "daemon/budget.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct past {
	char *device;
	dev_t pool;
	struct budget steps;
	uint64_t remembered_ms; /* each step */
	uint64_t backoff_ms, backoff_until_ms;
};

struct history {
	struct past *pasts;
	size_t n;
};

/* Takes over @past->steps; copies the name. 0, also if there is nothing to remember; -ENOMEM. */
int history_keep(struct history *history, struct past *past, uint64_t now_ms);

/* 1, and *ret without a name; 0: nothing is remembered of @device. */
int history_take(struct history *history, const char *device, struct past *ret);

/* Forgets what has no effect any more. */
void history_expire(struct history *history, uint64_t now_ms);

void history_free(struct history *history);
