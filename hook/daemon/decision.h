/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* May a filesystem grow now? Pure. */

#include "daemon/watch.h"

enum decision {
	DECIDE_NOTHING, /* it has space, or does not grow by itself */
	DECIDE_GROW,
	DECIDE_AT_MAX,
	DECIDE_WAIT,	    /* for the cooldown, or for the end of the back-off */
	DECIDE_BUDGET,	    /* its budget is used up */
	DECIDE_POOL_BUDGET, /* its pool's is */
};

/* A pool may have so many times the general budget of a container. */
#define POOL_BUDGET_FACTOR 10

/*
 * @table: for what else its pool has grown; @general: of containers to which no rule applies, for
 * the pool's budget.
 */
enum decision decide_growth(const struct watch *watch, const struct watch_table *table,
			    const struct autogrow *general, uint64_t now_ms);

/* Are all steps of the pool's budget used up? */
bool decide_pool_is_spent(const struct watch_table *table, dev_t pool,
			  const struct autogrow *general, uint64_t now_ms);

/* After a failure: how long to wait, if it was @backoff_ms the last time; 0: it was not. */
uint64_t decide_backoff_ms(uint64_t backoff_ms);

/* When to look at it again after this decision. */
uint64_t decide_next_sample(const struct watch *watch, enum decision decision, uint64_t now_ms);
