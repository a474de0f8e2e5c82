/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/trim.h"

#include "base/deadline.h"
#include "base/minmax.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/extend.h"
#include "disk/frozen.h"
#include "disk/locate.h"
#include "disk/vm-mark.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The smallest range: short enough for Ctrl-C. */
#define STEP_BYTES (UINT64_C(1) << 30)

/* Snapshots and extended pools suspend a device for less than this. */
#define SUSPENDED_MS 1000

static int stop(struct trim_report *report, enum trim_result result)
{
	report->result = result;
	return 0;
}

/* --- may it be trimmed? ---------------------------------------------------------------------- */

static int find_disk(const struct rootfs *rootfs, const struct trim_order *order,
		     struct trim_report *report, struct why *why)
{
	struct why unread;
	int r = locate_thin(rootfs, &report->device, why);

	if (r == 0)
		return stop(report, TRIM_NOT_APPLICABLE);
	if (r < 0)
		return r;
	if (vm_mark_read(&report->device, order->ledger_dir, &unread) > 0) {
		why_set(why, 0, TRIM_IN_VM);
		return stop(report, TRIM_SKIPPED);
	}
	return 0;
}

static int read_filesystem(const struct rootfs *rootfs, struct trim_report *report, struct why *why)
{
	uint64_t available;
	int r = growfs_read(rootfs, &report->fs, why);

	if (r == -ENOTSUP)
		return stop(report, TRIM_NOT_APPLICABLE);
	if (r < 0)
		return r;
	if (rootfs_usage(rootfs, &report->fs_used_bytes, &available) < 0)
		report->fs_used_bytes = 0;
	return 0;
}

static uint64_t block_bytes(const struct trim_report *report)
{
	return report->pool.block_sectors * SECTOR_BYTES;
}

/* A pool that is only out of space takes discards, which is the way out of that state. */
static bool is_broken(const struct thin_pool *pool)
{
	return pool->failed || pool->needs_check || pool->read_only;
}

static int check_trim_pool(const struct trim_order *order, struct trim_report *report,
			   struct why *why)
{
	struct thin_pool *pool = &report->pool;
	int r = thin_pool_status(report->device.pool, pool, why);

	if (r < 0)
		return r;
	report->is_pools = true;
	if (order->allows_pool && !order->allows_pool(pool->name, order->allows_pool_context)) {
		why_set(why, 0, "pool %s may not be used", quote(pool->name));
		return stop(report, TRIM_DENIED);
	}
	if (is_broken(pool))
		why_set(why, 0, "pool %s %s %s; repair it first", quote(pool->name),
			thin_pool_verb(pool), pool->trouble);
	else if (pool->discards == THIN_DISCARDS_IGNORED)
		why_set(why, 0, "pool %s ignores discards", quote(pool->name));
	else
		report->is_pools = false;
	return report->is_pools ? stop(report, TRIM_SKIPPED) : 0;
}

static int check_blocks(struct trim_report *report, struct why *why)
{
	uint64_t group = report->fs.group_bytes;

	if (!group || block_bytes(report) <= group)
		return 0;
	why_set(why, 0,
		"the blocks of pool %s (%s) are larger than the groups of its filesystem (%s), so "
		"none of them is free as a whole",
		quote(report->pool.name), size_format(block_bytes(report)), size_format(group));
	return stop(report, TRIM_SKIPPED);
}

/* A suspended device or frozen filesystem would hold us until it is resumed, beyond SIGKILL. */
static int check_answers(const struct rootfs *rootfs, const struct trim_order *order,
			 struct trim_report *report, struct why *why)
{
	struct deadline deadline = {.end_ms = now_ms() + SUSPENDED_MS};
	int r = extend_wait_until_live(&report->device, &deadline, why);

	if (r == -ETIMEDOUT)
		return stop(report, TRIM_SKIPPED);
	if (r < 0)
		return r;
	if (report->device.read_only || rootfs->read_only) {
		why_set(why, 0, "its rootfs is read-only");
		return stop(report, TRIM_SKIPPED);
	}
	deadline.end_ms = now_ms() + order->frozen_ms;
	r = frozen_check(rootfs->fd, &deadline, why);
	return r == -ETIMEDOUT ? stop(report, TRIM_SKIPPED) : r;
}

static int check_trimmable(const struct rootfs *rootfs, const struct trim_order *order,
			   struct trim_report *report, struct why *why)
{
	int r = find_disk(rootfs, order, report, why);

	if (r == 0 && report->result == TRIM_DONE)
		r = check_answers(rootfs, order, report, why);
	if (r == 0 && report->result == TRIM_DONE)
		r = read_filesystem(rootfs, report, why);
	if (r == 0 && report->result == TRIM_DONE)
		r = check_trim_pool(order, report, why);
	if (r == 0 && report->result == TRIM_DONE)
		r = check_blocks(report, why);
	return r;
}

/* --- how much is used ------------------------------------------------------------------------ */

static int measure_use(const struct trim_report *report, bool commit, struct trim_use *ret,
		       struct why *why)
{
	struct thin_pool pool = {0};
	int r = thin_mapped_bytes(report->device.dev, &ret->mapped_bytes, why);

	if (r == 0)
		r = commit ? thin_pool_status_committed(report->device.pool, &pool, why)
			   : thin_pool_status(report->device.pool, &pool, why);
	if (r == 0)
		ret->pool_bytes = thin_pool_data_used_bytes(&pool);
	thin_pool_free(&pool);
	return r;
}

/*
 * Since Linux 6.7 XFS does not wait for its discards, and nothing says when they are done: look
 * until the numbers no longer fall.
 */
#define SETTLE_MS	30000
#define SETTLE_PAUSE_MS 100
#define SETTLED_LOOKS	3

static int measure_after(struct trim_report *report, struct why *why)
{
	const struct deadline deadline = {.end_ms = now_ms() + SETTLE_MS};
	unsigned int looks = report->fs.type == FS_XFS ? 0 : SETTLED_LOOKS;
	int r = measure_use(report, true, &report->after, why);

	while (r == 0 && looks < SETTLED_LOOKS && deadline_pause(&deadline, SETTLE_PAUSE_MS)) {
		const struct trim_use last = report->after;

		r = measure_use(report, true, &report->after, why);
		looks = report->after.mapped_bytes < last.mapped_bytes ||
					report->after.pool_bytes < last.pool_bytes
				? 0
				: looks + 1;
	}
	return r;
}

uint64_t trim_unmapped_bytes(const struct trim_report *report)
{
	const struct trim_use *before = &report->before, *after = &report->after;

	return before->mapped_bytes > after->mapped_bytes
		       ? before->mapped_bytes - after->mapped_bytes
		       : 0;
}

/* Others write to the pool and delete from it meanwhile. */
uint64_t trim_returned_bytes(const struct trim_report *report)
{
	const struct trim_use *before = &report->before, *after = &report->after;

	if (before->pool_bytes <= after->pool_bytes)
		return 0;
	return smaller(before->pool_bytes - after->pool_bytes, trim_unmapped_bytes(report));
}

uint64_t trim_returnable_bytes(const struct trim_report *report)
{
	return report->before.mapped_bytes > report->fs_used_bytes
		       ? report->before.mapped_bytes - report->fs_used_bytes
		       : 0;
}

/* --- trimming -------------------------------------------------------------------------------- */

uint64_t trim_range_end(const struct growfs *fs, uint64_t from)
{
	uint64_t group = fs->group_bytes, step = fs->bytes / 100;

	if (!group) /* btrfs: its addresses are not the device's, and have gaps */
		return UINT64_MAX;
	if (step < STEP_BYTES)
		step = STEP_BYTES;
	step = (step + group - 1) / group * group;
	return step < fs->bytes - from ? from + step : fs->bytes;
}

static int discard_failed(const struct rootfs *rootfs, int err, struct trim_report *report,
			  struct why *why)
{
	if (err != EOPNOTSUPP)
		return why_set(why, err, "trimming its %s: %s", rootfs->fs_name, strerror(err));
	why_set(why, 0, "device %s takes no discards", quote(report->device.name));
	return stop(report, TRIM_SKIPPED);
}

static int discard_ranges(const struct rootfs *rootfs, const struct trim_order *order,
			  struct trim_report *report, struct why *why)
{
	const uint64_t all = report->fs.bytes;
	uint64_t end;

	for (uint64_t from = 0; from < all; from = end) {
		struct fstrim_range range = {.start = from, .minlen = block_bytes(report)};

		end = trim_range_end(&report->fs, from);
		range.len = end - from;
		if (ioctl(rootfs->fd, FITRIM, &range) < 0)
			return discard_failed(rootfs, errno, report, why);
		report->discarded_bytes += range.len;
		if (order->progress &&
		    !order->progress(smaller(end, all), all, order->progress_context) && end < all)
			return stop(report, TRIM_INTERRUPTED);
	}
	return 0;
}

/*
 * ext4 discards what was deleted only after that is committed. In a pool without space this would
 * wait until there is some.
 */
static int write_back(const struct rootfs *rootfs, struct why *why)
{
	if (syncfs(rootfs->fd) < 0)
		return why_set(why, errno, "writing its %s back: %s", rootfs->fs_name,
			       strerror(errno));
	return 0;
}

int trim_rootfs(const struct rootfs *rootfs, const struct trim_order *order,
		struct trim_report *report, struct why *why)
{
	int r;

	*report = (struct trim_report){.result = TRIM_DONE};
	r = check_trimmable(rootfs, order, report, why);
	if (r < 0 || report->result != TRIM_DONE)
		return r;
	if (!order->dry_run && !report->pool.out_of_data_space)
		r = write_back(rootfs, why);
	if (r < 0)
		return r;
	r = measure_use(report, !order->dry_run, &report->before, why);
	report->after = report->before;
	if (r == 0 && !order->dry_run)
		r = discard_ranges(rootfs, order, report, why);
	if (r == 0 && !order->dry_run && report->result != TRIM_SKIPPED)
		r = measure_after(report, why);
	report->measured = r == 0 && report->result != TRIM_SKIPPED;
	return r;
}

void trim_report_free(struct trim_report *report)
{
	thin_device_free(&report->device);
	thin_pool_free(&report->pool);
}
