/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/plan.h"

#include "base/quote.h"
#include "base/thousandths.h"

#include <errno.h>
#include <inttypes.h>

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

struct plan plan_make(uint64_t want_bytes, uint64_t device_sectors, const struct growfs *fs)
{
	uint64_t device_bytes = device_sectors * SECTOR_BYTES;
	struct plan plan = {0};

	if (want_bytes > device_bytes) {
		device_bytes = round_up(want_bytes, fs->block_bytes);
		plan.device_sectors = device_bytes / SECTOR_BYTES;
	}
	/* A filesystem that fills its device, but for the tail that it cannot use, is done. */
	if (want_bytes > fs->bytes && device_bytes > fs->bytes + fs->slack_bytes)
		plan.fs_bytes = device_bytes - device_bytes % fs->block_bytes;
	return plan;
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->device_sectors == 0 && plan->fs_bytes == 0;
}

int plan_check_fs(const struct plan *plan, const struct growfs *fs, struct why *why)
{
	if (fs->obstacle)
		return why_set(why, EPERM, "the filesystem cannot be grown: %s", fs->obstacle);
	if (plan->fs_bytes > fs->max_bytes)
		return why_set(why, EPERM,
			       "the filesystem cannot be larger than %" PRIu64
			       " bytes (ext4 without the feature 64bit)",
			       fs->max_bytes);
	return 0;
}

/* 97.2 % is 972 */
static uint64_t tenths_of_percent(uint64_t a, uint64_t b)
{
	return b ? (uint64_t)((unsigned __int128)a * 1000 / b) : 1000;
}

int plan_check_pool(const struct thin_pool *pool, const struct pool_marks *marks,
		    uint64_t cost_bytes, struct why *why)
{
	uint64_t block_bytes = pool->block_sectors * SECTOR_BYTES;
	uint64_t after_blocks =
		pool->data_used_blocks + cost_bytes / block_bytes + (cost_bytes % block_bytes != 0);
	uint64_t data = tenths_of_percent(pool->data_used_blocks, pool->data_blocks);
	uint64_t data_after = tenths_of_percent(after_blocks, pool->data_blocks);
	uint64_t metadata = tenths_of_percent(pool->metadata_used_blocks, pool->metadata_blocks);
	const char *name = quote(pool->name);

	if (pool->trouble)
		return why_set(why, ENOSPC, "pool %s is %s: mend the pool first", name,
			       pool->trouble);
	if (data_after > (uint64_t)marks->data_percent * 10)
		return why_set(why, ENOSPC,
			       "pool %s has %" PRIu64 ".%" PRIu64 " %% of its data in use, %" PRIu64
			       ".%" PRIu64 " %% with what the grown filesystem's own metadata "
			       "takes; the limit is %u %%: extend the pool",
			       name, data / 10, data % 10, data_after / 10, data_after % 10,
			       marks->data_percent);
	if (metadata > (uint64_t)marks->metadata_percent * 10)
		return why_set(why, ENOSPC,
			       "pool %s has %" PRIu64 ".%" PRIu64
			       " %% of its metadata in use; the limit is %u %%: extend the pool's "
			       "metadata",
			       name, metadata / 10, metadata % 10, marks->metadata_percent);
	return 0;
}

int plan_check_overcommit(const struct thin_pool *pool, const struct pool_marks *marks,
			  uint64_t sectors, struct why *why)
{
	unsigned __int128 pool_sectors = (unsigned __int128)pool->data_blocks * pool->block_sectors;
	unsigned __int128 thousand = (unsigned __int128)sectors * 1000;

	if (!marks->overcommit_thousandths || pool_sectors == 0 ||
	    thousand <= pool_sectors * marks->overcommit_thousandths)
		return 0;
	/* Rounded up, so that it never looks like the limit. */
	return why_set(why, ENOSPC,
		       "the devices of pool %s would have %" PRIu64 " bytes together, %s times its "
		       "own %" PRIu64 "; the limit is %s (pool_guard.overcommit): extend the pool",
		       quote(pool->name), sectors * SECTOR_BYTES,
		       thousandths_format((uint64_t)((thousand + pool_sectors - 1) / pool_sectors)),
		       (uint64_t)pool_sectors * SECTOR_BYTES,
		       thousandths_format(marks->overcommit_thousandths));
}
