/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/count.h"
#include "base/minmax.h"
#include "disk/growfs.h"
#include "disk/superblock.h"

#include <string.h>
#include <sys/ioctl.h>

#ifndef EXT4_IOC_RESIZE_FS /* from fs/ext4/ext4.h; missing in Debian 12's headers */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

#define EXT4_IOC_GETVERSION _IOR('f', 3, long)

/*
 * ext2 has the same magic number in statfs(2), but on some kernels a driver of its own, which
 * cannot grow. That driver does not know this ioctl of ext4's, which only reads.
 */
static bool is_ext2s(int fd)
{
	long generation;

	return ioctl(fd, EXT4_IOC_GETVERSION, &generation) < 0 && errno == ENOTTY;
}

/*
 * The block device's page cache has the superblock that the kernel itself works on: up to date
 * without a sync.
 */
static int read_superblock(dev_t dev, struct ext4_superblock *ret)
{
	_cleanup_close_ int fd = superblock_open(dev);
	uint8_t block[EXT4_SUPERBLOCK_BYTES];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, block, sizeof(block), EXT4_SUPERBLOCK_OFFSET);
	if (n < 0)
		return -errno;
	return n == sizeof(block) ? superblock_parse_ext4(block, ret) : -EIO;
}

static const char *find_obstacle(const struct rootfs *rootfs, const struct ext4_superblock *sb)
{
	if (is_ext2s(rootfs->fd))
		return "the kernel's ext2 driver has mounted it: mount it as ext4";
	if (sb->has_errors)
		return "its superblock carries an error flag: run e2fsck while unmounted";
	return sb->has_sparse_super2 ? "its feature sparse_super2 forbids growing while mounted"
				     : NULL;
}

int growfs_ext4_read(const struct rootfs *rootfs, struct growfs *ret)
{
	struct ext4_superblock sb = {0};
	int r = read_superblock(rootfs->dev, &sb);

	if (r < 0)
		return r;
	ret->block_bytes = sb.block_bytes;
	ret->bytes = sb.blocks * sb.block_bytes;
	ret->group_bytes = (uint64_t)sb.blocks_per_group * sb.block_bytes;
	/* With lazy initialisation all of it is written in the end; otherwise at once. */
	ret->group_metadata_bytes = (uint64_t)(sb.inode_table_blocks + 2) * sb.block_bytes;
	if (ret->group_metadata_bytes > ret->group_bytes)
		ret->group_metadata_bytes = ret->group_bytes;
	ret->ext4.flex_groups = sb.flex_groups;
	ret->ext4.descriptors_per_block = sb.descriptors_per_block;
	ret->ext4.descriptor_blocks = sb.descriptor_blocks;
	ret->ext4.reserved_blocks = sb.reserved_blocks;
	ret->ext4.backs_up_each_group = !sb.has_sparse_super;
	ret->ext4.has_meta_bg = sb.has_meta_bg;
	/*
	 * ext4_resize_fs() drops a last group that has no room for its own metadata (superblock,
	 * descriptors, two bitmaps, inode table) and, with bigalloc, an incomplete cluster at the
	 * end.
	 */
	ret->slack_bytes =
		((uint64_t)sb.descriptor_blocks + sb.inode_table_blocks + 4 + sb.cluster_blocks) *
		sb.block_bytes;
	/* The kernel does not check this itself. */
	ret->max_bytes = sb.has_64bit ? UINT64_MAX : (uint64_t)UINT32_MAX * sb.block_bytes;
	ret->mount_count = sb.mount_count;
	ret->takes_long = true;
	memcpy(ret->uuid, sb.uuid, sizeof(ret->uuid));
	ret->obstacle = find_obstacle(rootfs, &sb);
	return 0;
}

int growfs_ext4_grow(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes)
{
	uint64_t blocks = bytes / fs->block_bytes;

	return ioctl(rootfs->fd, EXT4_IOC_RESIZE_FS, &blocks) < 0 ? -errno : 0;
}

/* --- what it costs --------------------------------------------------------------------------- */

/* The kernel adds no more groups at once, whatever flex_bg says. */
#define MOST_FLEX_GROUPS 16
/* Journal blocks for each piece that is added. */
#define JOURNAL_BLOCKS 16
/* Places that every growth writes to: superblock, resize inode, both ends of the journal. */
#define PLACES 8

/*
 * Bitmaps and inode tables of @n contiguous groups. With blocks of 1 KiB each group begins one
 * block later.
 */
static uint64_t groups_cost(const struct growfs *fs, uint64_t n, uint64_t pool_block_bytes)
{
	uint64_t bytes = n ? n * fs->group_metadata_bytes + fs->block_bytes : 0;

	return growfs_run_blocks(bytes, fs->group_bytes, pool_block_bytes);
}

/* How many of the first @groups groups have a backup of superblock and descriptors? */
static uint64_t backups_in(const struct growfs *fs, uint64_t groups)
{
	static const uint64_t roots[] = {3, 5, 7};
	uint64_t n = smaller(groups, 2);

	if (fs->ext4.backs_up_each_group)
		return groups;
	for (size_t i = 0; i < COUNT(roots); i++) {
		for (uint64_t group = roots[i]; group < groups; group *= roots[i])
			n++;
	}
	return n;
}

/*
 * Backups of superblock and descriptors: existing ones are rewritten, and new ones include all
 * blocks reserved for more descriptors. Each reserved block goes through the journal once per new
 * backup. When no reserved block is left, ext4 continues with meta_bg, which keeps its descriptors
 * in three places.
 */
static uint64_t descriptors_cost(const struct growfs *fs, uint64_t old_groups, uint64_t groups,
				 uint64_t pool_block_bytes)
{
	uint64_t present = fs->ext4.descriptor_blocks, reserved = fs->ext4.reserved_blocks;
	uint64_t used = smaller(groups / fs->ext4.descriptors_per_block + 1,
				fs->group_bytes / fs->block_bytes);
	uint64_t old = backups_in(fs, old_groups), new = backups_in(fs, groups) - old;
	uint64_t cost = 0;

	if (fs->ext4.has_meta_bg || used > present)
		cost += 3 * ((groups - old_groups) / fs->ext4.descriptors_per_block + 1);
	cost += old *
		growfs_run_blocks((used + 1) * fs->block_bytes, fs->group_bytes, pool_block_bytes);
	cost += new *growfs_run_blocks(
		smaller((used + reserved + 1) * fs->block_bytes, fs->group_bytes), fs->group_bytes,
		pool_block_bytes);
	cost += growfs_run_blocks((1 + new) * reserved * fs->block_bytes, fs->block_bytes,
				  pool_block_bytes);
	return cost;
}

uint64_t growfs_ext4_cost(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes)
{
	uint64_t old_groups = fs->bytes / fs->group_bytes;
	uint64_t groups = bytes / fs->group_bytes + (bytes % fs->group_bytes != 0);
	uint64_t flex = smaller(fs->ext4.flex_groups, MOST_FLEX_GROUPS), n = groups - old_groups;
	/* Growth begins by filling up the last piece. */
	uint64_t head = smaller(n, (flex - old_groups % flex) % flex);
	uint64_t pieces = (n - head) / flex, tail = (n - head) % flex;

	return groups_cost(fs, head, pool_block_bytes) +
	       pieces * groups_cost(fs, flex, pool_block_bytes) +
	       groups_cost(fs, tail, pool_block_bytes) +
	       descriptors_cost(fs, old_groups, groups, pool_block_bytes) +
	       growfs_run_blocks((pieces + 2) * JOURNAL_BLOCKS * fs->block_bytes, fs->block_bytes,
				 pool_block_bytes) +
	       PLACES;
}
