/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* May the pool be burdened with a growth? */

#include "base/why.h"
#include "disk/grow.h"

#include <stdint.h>

/*
 * Asks for the growth that @report plans, in the pool that it has the status of; @cost_bytes is
 * what it takes at once. 0; report->result becomes GROW_REFUSED, with a reason, if not. -errno with
 * a reason: it cannot be told.
 */
int guard_pool(const struct grow_order *order, struct grow_report *report, uint64_t cost_bytes,
	       struct why *why);
