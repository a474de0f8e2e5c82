/* SPDX-License-Identifier: Apache-2.0 */
#include "host/forecast.h"

#include <inttypes.h>

#define HOUR UINT64_C(3600)
#define DAY  (24 * HOUR)
#define YEAR (365 * DAY)

void forecast_pool(const struct daemon_state *daemon, const struct thin_pool *pool,
		   struct forecast *ret)
{
	const struct daemon_pool *found = daemon_state_pool(daemon, pool->name);

	*ret = (struct forecast){.known = found};
	if (!found || !found->bytes_per_second)
		return;
	ret->bytes_per_second = found->bytes_per_second;
	ret->fills = true;
	ret->seconds = thin_pool_data_free_bytes(pool) / found->bytes_per_second;
}

bool forecast_is_bad(const struct forecast *forecast, enum extender extender)
{
	return forecast->fills && forecast->seconds < DAY && extender == EXTENDER_NOBODY;
}

const char *forecast_into(struct text *out, uint64_t seconds)
{
	if (seconds < 60)
		return text_into(out, "< 1m");
	if (seconds < HOUR)
		return text_into(out, "%" PRIu64 "m", seconds / 60);
	if (seconds < DAY)
		return text_into(out, "%" PRIu64 "h %" PRIu64 "m", seconds / HOUR,
				 seconds % HOUR / 60);
	if (seconds < YEAR)
		return text_into(out, "%" PRIu64 "d %" PRIu64 "h", seconds / DAY,
				 seconds % DAY / HOUR);
	return text_into(out, "> 1y");
}
