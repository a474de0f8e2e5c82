/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/guard.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/ratio.h"
#include "base/text.h"
#include "disk/ledger.h"
#include "disk/prune.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* --- room ------------------------------------------------------------------------------------ */

/*
 * A leaf of the mapping tree has at most 252 entries and is at least half full after a split; few
 * other blocks are inner nodes. Parts of the tree that are shared with a snapshot are copied when
 * they change.
 */
#define MAPPINGS_PER_BLOCK 120
#define COPIED_BLOCKS	   32

static uint64_t metadata_cost(uint64_t cost_blocks)
{
	return cost_blocks ? cost_blocks / MAPPINGS_PER_BLOCK + 1 + COPIED_BLOCKS : 0;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* How many blocks the pool lacks for @blocks to be at most @percent of it. */
static uint64_t lacking(uint64_t blocks, uint64_t of_blocks, unsigned int percent)
{
	return (uint64_t)(((unsigned __int128)blocks * 100 + percent - 1) / percent) - of_blocks;
}

/* In thousandths, rounded up. */
static uint64_t gib(uint64_t blocks, uint64_t block_bytes)
{
	unsigned __int128 bytes = (unsigned __int128)blocks * block_bytes * 1000;

	return (uint64_t)((bytes + (UINT64_C(1) << 30) - 1) >> 30);
}

static bool is_beyond(uint64_t blocks, uint64_t of_blocks, unsigned int percent)
{
	return blocks > of_blocks || permille(blocks, of_blocks) > percent * UINT64_C(10);
}

/* The one form of all refusals. @would: what the pool has or would have. */
static int refuse(const struct thin_pool *pool, const char *would, const char *limit,
		  const char *fix, struct why *why)
{
	return why_set(why, ENOSPC, "pool %s %s; the limit is %s: extend %s", quote(pool->name),
		       would, limit, fix);
}

static int refuse_data(const struct thin_pool *pool, unsigned int percent, uint64_t cost_blocks,
		       uint64_t after_blocks, struct why *why)
{
	uint64_t block_bytes = pool->block_sectors * SECTOR_BYTES;
	uint64_t lacks = gib(lacking(after_blocks, pool->data_blocks, percent), block_bytes);
	struct text would;

	text_into(&would, "has %s of its data in use",
		  permille_format(permille(pool->data_used_blocks, pool->data_blocks)));
	if (cost_blocks)
		text_add(&would,
			 ", %s with the %s GiB that the grown filesystem's own metadata takes (%s "
			 "GiB are free)",
			 permille_format(permille(after_blocks, pool->data_blocks)),
			 thousandths_format(gib(cost_blocks, block_bytes)),
			 thousandths_format(gib(thin_pool_data_free_bytes(pool), 1)));
	return refuse(pool, would.s, text("%u %%", percent),
		      text("the pool by %s GiB%s", thousandths_format(lacks),
			   cost_blocks ? ", or request less" : ""),
		      why);
}

static int refuse_metadata(const struct thin_pool *pool, unsigned int percent,
			   uint64_t after_blocks, struct why *why)
{
	uint64_t total = pool->metadata_blocks;
	uint64_t lacks = lacking(after_blocks, total, percent) * THIN_METADATA_BLOCK_BYTES;

	return refuse(pool,
		      text("has %s of its metadata in use, %s with what maps the grown "
			   "filesystem's own metadata",
			   permille_format(permille(pool->metadata_used_blocks, total)),
			   permille_format(permille(after_blocks, total))),
		      text("%u %%", percent),
		      text("the pool's metadata by %" PRIu64 " MiB", (lacks >> 20) + 1), why);
}

int guard_check_room(const struct thin_pool *pool, const struct pool_marks *marks,
		     uint64_t cost_blocks, struct why *why)
{
	uint64_t data = add_saturated(pool->data_used_blocks, cost_blocks);
	uint64_t metadata = add_saturated(pool->metadata_used_blocks, metadata_cost(cost_blocks));

	if (pool->trouble)
		return why_set(why, ENOSPC,
			       "pool %s %s %s; repair it first, see oci-thin-grow doctor",
			       quote(pool->name), thin_pool_verb(pool), pool->trouble);
	if (is_beyond(data, pool->data_blocks, marks->data_percent))
		return refuse_data(pool, marks->data_percent, cost_blocks, data, why);
	if (is_beyond(metadata, pool->metadata_blocks, marks->metadata_percent))
		return refuse_metadata(pool, marks->metadata_percent, metadata, why);
	return 0;
}

int guard_check_claims(const struct thin_pool *pool, const struct pool_marks *marks,
		       uint64_t cost_blocks, uint64_t claimed_blocks, struct why *why)
{
	struct why unused;

	if (!cost_blocks || !claimed_blocks ||
	    guard_check_room(pool, marks, add_saturated(cost_blocks, claimed_blocks), &unused) == 0)
		return 0;
	return why_set(why, EBUSY,
		       "pool %s may not have room for this until the growths on it that are under "
		       "way are done",
		       quote(pool->name));
}

/* --- over-commit ----------------------------------------------------------------------------- */

/* What @device may have at most, and by how much the pool is too small for what it wants. */
static int refuse_overcommit(const struct thin_pool *pool, uint64_t limit_thousandths,
			     uint64_t sectors, uint64_t own_sectors, struct why *why)
{
	uint64_t pool_sectors = pool->data_blocks * pool->block_sectors;
	unsigned __int128 thousand = (unsigned __int128)sectors * 1000;
	uint64_t allowed = (uint64_t)((unsigned __int128)pool_sectors * limit_thousandths / 1000);
	uint64_t others = sectors - own_sectors;
	uint64_t fits = allowed > others ? allowed - others : 0;
	uint64_t lacks =
		(uint64_t)((thousand + limit_thousandths - 1) / limit_thousandths) - pool_sectors;

	/* The ratio is rounded up, so that it never looks like the limit. */
	return refuse(
		pool,
		text("would have devices of %s GiB, %s times its %s GiB",
		     thousandths_format(gib(sectors, SECTOR_BYTES)),
		     thousandths_format((uint64_t)((thousand + pool_sectors - 1) / pool_sectors)),
		     thousandths_format(gib(pool_sectors, SECTOR_BYTES))),
		text("%s (pool_guard.overcommit)", thousandths_format(limit_thousandths)),
		text("the pool by %s GiB, or request at most %s GiB",
		     thousandths_format(gib(lacks, SECTOR_BYTES)),
		     thousandths_format(fits * 1000 / (UINT64_C(1) << 21))),
		why);
}

int guard_check_overcommit(const struct thin_pool *pool, const struct pool_marks *marks,
			   uint64_t sectors, uint64_t own_sectors, struct why *why)
{
	unsigned __int128 pool_sectors = (unsigned __int128)pool->data_blocks * pool->block_sectors;

	if (!marks->overcommit_thousandths || pool_sectors == 0 ||
	    (unsigned __int128)sectors * 1000 <= pool_sectors * marks->overcommit_thousandths)
		return 0;
	return refuse_overcommit(pool, marks->overcommit_thousandths, sectors, own_sectors, why);
}

struct promise {
	uint32_t thin_id;
	uint64_t sectors;
	bool is_active;
	char device[LEDGER_MAX_NAME_BYTES];
};

struct count {
	const struct thin_pool *pool;
	const struct pool_marks *marks;
	const struct thin_device *device;
	uint64_t own_sectors; /* the length planned for @device */
	struct promise *promises;
	size_t n;
	int error;
};

static struct promise *promise_of(const struct count *count, uint32_t thin_id)
{
	for (size_t i = 0; i < count->n; i++) {
		if (count->promises[i].thin_id == thin_id)
			return &count->promises[i];
	}
	return NULL;
}

/*
 * An entry with another name than the active device belongs to an earlier device with the same thin
 * id.
 */
static void add_promise(struct count *count, const char *device, uint32_t thin_id, uint64_t sectors,
			bool is_active)
{
	struct promise *promise = promise_of(count, thin_id), *more;

	if (thin_id == count->device->thin_id)
		return;
	if (promise) {
		if (promise->sectors < sectors &&
		    (!promise->is_active || strcmp(promise->device, device) == 0))
			promise->sectors = sectors;
		return;
	}
	more = realloc(count->promises, (count->n + 1) * sizeof(*more));
	if (!more) {
		count->error = -ENOMEM;
		return;
	}
	count->promises = more;
	more += count->n++;
	*more = (struct promise){.thin_id = thin_id, .sectors = sectors, .is_active = is_active};
	snprintf(more->device, sizeof(more->device), "%s", device);
}

static int add_active(struct count *count, struct why *why)
{
	_cleanup_(thin_list_free) struct thin_list list = {0};
	int r = thin_list(&list, why);

	for (size_t i = 0; i < list.n; i++) {
		_cleanup_(thin_device_free) struct thin_device device = {0};
		struct why unused;

		/* A device that is gone or cannot be read is not counted. */
		if (thin_lookup(list.devs[i], &device, &unused) == 0 &&
		    device.pool == count->device->pool)
			add_promise(count, device.name, device.thin_id, device.sectors, true);
	}
	return r;
}

static void add_entry(const struct ledger_entry *entry, void *context)
{
	struct count *count = context;

	if (strcmp(entry->pool, count->pool->name) == 0)
		add_promise(count, entry->device, entry->thin_id, entry->sectors, false);
}

static uint64_t sum_of(const struct count *count)
{
	uint64_t sum = count->own_sectors;

	for (size_t i = 0; i < count->n; i++)
		sum = add_saturated(sum, count->promises[i].sectors);
	return sum;
}

static bool fits(const struct count *count)
{
	struct why unused;

	return guard_check_overcommit(count->pool, count->marks, sum_of(count), count->own_sectors,
				      &unused) == 0;
}

/* For ledger_prune(), used for its lock only: the guard removes no entries. */
static bool discount_gone(const struct ledger_entry *entry, void *context)
{
	struct count *count = context;
	struct promise *promise = promise_of(count, entry->thin_id);

	if (strcmp(entry->pool, count->pool->name) == 0 && promise && !promise->is_active &&
	    promise->sectors && !fits(count) && prune_is_gone(entry))
		promise->sectors = 0;
	return false;
}

/*
 * Until `heal --all` prunes it, the ledger has entries of removed devices. Only the kernel knows
 * which these are, and it logs two lines for each, so it is asked only while the limit would
 * otherwise be exceeded.
 */
static int count_promises(const char *ledger_dir, struct count *count, struct why *why)
{
	int r = add_active(count, why);

	if (r >= 0)
		r = ledger_each(ledger_dir, add_entry, count, why);
	if (r >= 0 && count->error)
		r = why_no_memory(why);
	if (r >= 0 && !fits(count))
		r = ledger_prune(ledger_dir, discount_gone, count, why);
	return r < 0 ? r
		     : guard_check_overcommit(count->pool, count->marks, sum_of(count),
					      count->own_sectors, why);
}

int guard_check(const struct pool_marks *marks, const char *ledger_dir,
		const struct thin_pool *pool, const struct thin_device *device, uint64_t sectors,
		uint64_t cost_blocks, struct why *why)
{
	struct count count = {pool, marks, device, .own_sectors = sectors};
	int r = guard_check_room(pool, marks, cost_blocks, why);

	if (r == 0 && sectors && marks->overcommit_thousandths)
		r = count_promises(ledger_dir, &count, why);
	free(count.promises);
	return r;
}
