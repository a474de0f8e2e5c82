/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/guard.h"

#include "base/quote.h"
#include "disk/commitment.h"

int guard_pool(const struct grow_order *order, struct grow_report *report, uint64_t cost,
	       struct why *why)
{
	const struct thin_pool *pool = &report->pool;
	uint64_t others = 0;
	int r;

	if (order->allows_pool && !order->allows_pool(pool->name, order->allows_pool_context)) {
		why_set(why, 0, "device %s is in pool %s, which the configuration does not allow",
			quote(report->device.name), quote(pool->name));
		report->pool_denied = true;
		report->result = GROW_REFUSED;
		return 0;
	}
	if (plan_check_pool(pool, &order->marks, cost, why) < 0) {
		report->result = GROW_REFUSED;
		return 0;
	}
	if (!report->plan.device_sectors || !order->marks.overcommit_thousandths)
		return 0;
	r = commitment_of_others(order->ledger_dir, pool->name, &report->device, &others, why);
	if (r == 0 && plan_check_overcommit(pool, &order->marks,
					    others + report->plan.device_sectors, why) < 0)
		report->result = GROW_REFUSED;
	return r;
}
