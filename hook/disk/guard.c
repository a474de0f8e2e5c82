/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/guard.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/thousandths.h"
#include "disk/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* --- room --------------------------------------------------------------------------------------
 */

/* 97.2 % is 972 */
static uint64_t tenths_of_percent(uint64_t a, uint64_t b)
{
	return b ? (uint64_t)((unsigned __int128)a * 1000 / b) : 1000;
}

int guard_check_room(const struct thin_pool *pool, const struct pool_marks *marks,
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

/* --- over-commit -------------------------------------------------------------------------------
 */

struct promise {
	uint32_t thin_id;
	uint64_t sectors;
};

struct count {
	const struct thin_device *but;
	const char *pool_name;
	struct promise *promises;
	size_t n;
	int error;
};

static void add(struct count *count, uint32_t thin_id, uint64_t sectors)
{
	struct promise *more;

	if (thin_id == count->but->thin_id)
		return;
	for (size_t i = 0; i < count->n; i++) {
		if (count->promises[i].thin_id != thin_id)
			continue;
		if (count->promises[i].sectors < sectors)
			count->promises[i].sectors = sectors;
		return;
	}
	more = realloc(count->promises, (count->n + 1) * sizeof(*more));
	if (!more) {
		count->error = -ENOMEM;
		return;
	}
	more[count->n++] = (struct promise){thin_id, sectors};
	count->promises = more;
}

static int add_active(dev_t dev, void *context)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct count *count = context;
	struct why unused;

	/* What is gone again, or cannot be read, is no thin device that we could count. */
	if (thin_lookup(dev, &device, &unused) == 0 && device.pool == count->but->pool)
		add(count, device.thin_id, device.sectors);
	return 0;
}

static void add_entry(const struct ledger_entry *entry, void *context)
{
	struct count *count = context;

	if (strcmp(entry->pool, count->pool_name) == 0)
		add(count, entry->thin_id, entry->sectors);
}

static int promised_to_others(const char *ledger_dir, const char *pool_name,
			      const struct thin_device *device, uint64_t *ret_sectors,
			      struct why *why)
{
	struct count count = {.but = device, .pool_name = pool_name};
	uint64_t sum = 0;
	int r = thin_each(add_active, &count, why);

	if (r >= 0)
		r = ledger_each(ledger_dir, add_entry, &count, why);
	if (r >= 0 && count.error)
		r = why_set(why, ENOMEM, "out of memory");
	for (size_t i = 0; i < count.n; i++) {
		if (sum < UINT64_MAX / 2) /* a sum that large is refused in any case */
			sum += count.promises[i].sectors;
	}
	free(count.promises);
	if (r < 0)
		return r;
	*ret_sectors = sum;
	return 0;
}

int guard_check_overcommit(const struct thin_pool *pool, const struct pool_marks *marks,
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

int guard_check(const struct pool_marks *marks, const char *ledger_dir,
		const struct thin_pool *pool, const struct thin_device *device, uint64_t sectors,
		uint64_t cost_bytes, struct why *why)
{
	uint64_t others = 0;
	int r = guard_check_room(pool, marks, cost_bytes, why);

	if (r < 0 || sectors == 0 || !marks->overcommit_thousandths)
		return r;
	r = promised_to_others(ledger_dir, pool->name, device, &others, why);
	return r < 0 ? r : guard_check_overcommit(pool, marks, others + sectors, why);
}
