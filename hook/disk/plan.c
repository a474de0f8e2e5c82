/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/plan.h"

#include "base/size.h"
#include "disk/thin.h"

#include <errno.h>

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
	/* Done if it fills its device except for the tail that it cannot use. */
	if (want_bytes > fs->bytes && device_bytes > fs->bytes + fs->slack_bytes)
		plan.fs_bytes = device_bytes - device_bytes % fs->block_bytes;
	plan.fs_now_bytes = plan.fs_bytes;
	return plan;
}

void plan_limit(struct plan *plan, uint64_t limit_bytes, const struct growfs *fs)
{
	if (!limit_bytes || !fs->takes_long || limit_bytes >= plan->fs_bytes)
		return;
	limit_bytes -= limit_bytes % fs->block_bytes;
	plan->fs_now_bytes = limit_bytes > fs->bytes + fs->slack_bytes ? limit_bytes : 0;
}

bool plan_is_limited(const struct plan *plan)
{
	return plan->fs_now_bytes != plan->fs_bytes;
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
			       "the filesystem cannot be larger than %s (ext4 without the feature "
			       "64bit)",
			       size_format(fs->max_bytes));
	return 0;
}
