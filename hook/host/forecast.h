/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When will a thin pool be full, if it fills on as in the last minutes? Pure. */

#include "base/text.h"
#include "disk/thin.h"
#include "host/daemon-state.h"
#include "host/pool-extender.h"

struct forecast {
	bool known; /* the daemon runs and watches the pool */
	uint64_t bytes_per_second;
	bool fills;	  /* its rate is not 0 */
	uint64_t seconds; /* if it fills: until its data space is used up */
};

/* @daemon: empty if it does not run. */
void forecast_pool(const struct daemon_state *daemon, const struct thin_pool *pool,
		   struct forecast *ret);

/* Will it be full within a day, and nobody extends it? */
bool forecast_is_bad(const struct forecast *forecast, enum extender extender);

/* For people, rounded down to two units: "< 1m", "45m", "5h 12m", "3d 4h", "> 1y" */
const char *forecast_into(struct text *out, uint64_t seconds);
