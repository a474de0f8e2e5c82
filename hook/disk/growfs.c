/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growfs.h"

#include "base/count.h"
#include "base/syscalls.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const struct {
	int (*read)(const struct rootfs *rootfs, struct growfs *ret);
	int (*grow)(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes);
	uint64_t (*cost)(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes);
} filesystems[] = {
	[FS_EXT4] = {growfs_ext4_read, growfs_ext4_grow, growfs_ext4_cost},
	[FS_XFS] = {growfs_xfs_read, growfs_xfs_grow, growfs_xfs_cost},
	[FS_BTRFS] = {growfs_btrfs_read, growfs_btrfs_grow, growfs_btrfs_cost},
};
_Static_assert(COUNT(filesystems) == FS_TYPES, "a filesystem has no row");

int growfs_read(const struct rootfs *rootfs, struct growfs *ret, struct why *why)
{
	struct growfs fs = {.type = rootfs->fs};
	int r;

	if (rootfs->fs == FS_OTHER)
		return why_set(why, ENOTSUP,
			       "filesystem %s cannot be grown: only ext4, XFS and btrfs can",
			       rootfs->fs_name);
	r = filesystems[rootfs->fs].read(rootfs, &fs);
	if (r < 0)
		return why_set(why, -r, "%s: reading the filesystem's size: %s", rootfs->fs_name,
			       strerror(-r));
	*ret = fs;
	return 0;
}

int growfs_check_privileges(struct why *why)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	static const struct {
		unsigned int cap;
		const char *name;
	} needed[] = {
		{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}, {CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE"}, /* ext4 */
	};
	int r;

	r = call_capget(data);
	if (r < 0)
		return why_set(why, -r, "capget: %s", strerror(-r));
	for (size_t i = 0; i < COUNT(needed); i++) {
		if (!(data[needed[i].cap / 32].effective & (1U << needed[i].cap % 32)))
			return why_set(why, EPERM, "the process lacks %s", needed[i].name);
	}
	return 0;
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

uint64_t growfs_run_blocks(uint64_t bytes, uint64_t every, uint64_t pool_block_bytes)
{
	/* The offset within a block is a multiple of this, and less than the block. */
	uint64_t step = greatest_common_divisor(every, pool_block_bytes);

	return bytes ? (bytes + 2 * pool_block_bytes - step - 1) / pool_block_bytes : 0;
}

uint64_t growfs_cost_blocks(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes)
{
	uint64_t all = growfs_run_blocks(bytes, pool_block_bytes, pool_block_bytes), cost;

	if (bytes <= fs->bytes)
		return 0;
	cost = filesystems[fs->type].cost(fs, bytes, pool_block_bytes);
	return cost < all ? cost : all;
}

bool growfs_caution(const struct growfs *fs, uint64_t bytes, struct why *ret)
{
	uint64_t groups;

	if (bytes <= fs->bytes || !fs->many_groups)
		return false;
	groups = (bytes - 1) / fs->group_bytes + 1;
	if (groups <= fs->many_groups)
		return false;
	why_set(ret, 0,
		"at this size the filesystem has %" PRIu64
		" allocation groups, because it was made for a disk less than a tenth as large: it "
		"will be slower, and each group takes a block of the pool. For new containers, set "
		"a larger base size in the engine's configuration",
		groups);
	return true;
}

/* What an errno of the ioctl means to an operator. */
static const char *hint(int err)
{
	switch (err) {
	case EPERM:
		return " (its superblock may carry an error flag: check it while unmounted)";
	case EOPNOTSUPP:
		return " (a feature of it, such as sparse_super2 or bigalloc, forbids it)";
	case EROFS:
		return " (it is read-only)";
	case EBUSY:
	case EAGAIN:
	case EINPROGRESS:
		return " (something else is changing its size: try again)";
	case ENOSPC:
		return " (the device is shorter than it should be, or the pool is full)";
	default:
		return "";
	}
}

int growfs_grow(const struct rootfs *rootfs, struct growfs *fs, uint64_t bytes, struct why *why)
{
	uint64_t before = fs->bytes;
	int r;

	bytes -= bytes % fs->block_bytes;
	r = filesystems[fs->type].grow(rootfs, fs, bytes);
	if (r < 0)
		return why_set(why, -r, "growing %s from %" PRIu64 " to %" PRIu64 " bytes: %s%s",
			       rootfs->fs_name, before, bytes, strerror(-r), hint(-r));
	r = growfs_read(rootfs, fs, why);
	if (r < 0)
		return r;
	/* ext4 may report success and do less. */
	if (fs->bytes + fs->slack_bytes < bytes)
		return why_set(why, EIO,
			       "%s should have %" PRIu64 " bytes and has %" PRIu64
			       ", although the kernel reported success",
			       rootfs->fs_name, bytes, fs->bytes);
	return 0;
}
