/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/decision.h"

#include "base/minmax.h"

#define FIRST_BACKOFF_MS   5000
#define LONGEST_BACKOFF_MS UINT64_C(2400000)

/* Of one that may not grow: only for what is reported. */
#define IDLE_MS	   60000
#define REFUSED_MS 5000

/*
 * A filesystem that is much smaller than its device is not what we think it is, or another growth
 * is not finished.
 */
static bool fits_device(const struct watch *watch)
{
	return watch->pace.last.total_bytes >= watch->owner.bytes / 2;
}

bool decide_pool_is_spent(const struct watch_table *table, dev_t pool,
			  const struct autogrow *general, uint64_t now_ms)
{
	return watch_pool_spent(table, pool, general->budget_ms, now_ms) / POOL_BUDGET_FACTOR >=
	       general->budget;
}

enum decision decide_growth(const struct watch *watch, const struct watch_table *table,
			    const struct autogrow *general, uint64_t now_ms)
{
	const struct autogrow *limits = &watch->owner.limits;
	enum pace_need need = pace_need(&watch->pace);
	uint64_t last = budget_last(&watch->steps);

	if (watch->state != WATCH_KNOWN || !limits->max_bytes || watch->growing ||
	    need == PACE_NONE || !fits_device(watch))
		return DECIDE_NOTHING;
	if (watch->owner.bytes >= limits->max_bytes)
		return DECIDE_AT_MAX;
	/* Its device is larger than its filesystem already: the steps of that growth come first. */
	if (now_ms < watch->backoff_until_ms || (watch->finish.at_ms && !watch->finish.backoff_ms))
		return DECIDE_WAIT;
	if (budget_spent(&watch->steps, limits->budget_ms, now_ms) >= limits->budget)
		return DECIDE_BUDGET;
	if (decide_pool_is_spent(table, watch->owner.pool, general, now_ms))
		return DECIDE_POOL_BUDGET;
	/* What fills it so fast justifies the next step. */
	if (need != PACE_URGENT && last && now_ms < last + limits->cooldown_ms)
		return DECIDE_WAIT;
	return DECIDE_GROW;
}

uint64_t decide_backoff_ms(uint64_t backoff_ms)
{
	return backoff_ms ? smaller(backoff_ms * 2, LONGEST_BACKOFF_MS) : FIRST_BACKOFF_MS;
}

uint64_t decide_next_sample(const struct watch *watch, enum decision decision, uint64_t now_ms)
{
	uint64_t ms = pace_interval_ms(&watch->pace);

	if (watch->state == WATCH_KNOWN && !watch->owner.limits.max_bytes)
		return now_ms + IDLE_MS;
	if (decision == DECIDE_AT_MAX || decision == DECIDE_BUDGET ||
	    decision == DECIDE_POOL_BUDGET || now_ms < watch->backoff_until_ms)
		ms = larger(ms, REFUSED_MS);
	return now_ms + ms;
}
