/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "disk/growfs.h"
#include "disk/superblock.h"

#include <string.h>
#include <sys/ioctl.h>

#ifndef EXT4_IOC_RESIZE_FS /* fs/ext4/ext4.h; not in the headers that Debian 12 has */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

/*
 * The buffered superblock of the block device is the one that the kernel itself works on, so it is
 * up to date without a sync.
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

int growfs_ext4_read(const struct rootfs *rootfs, struct growfs *ret)
{
	struct ext4_superblock sb = {0};
	int r = read_superblock(rootfs->dev, &sb);

	if (r < 0)
		return r;
	ret->block_bytes = sb.block_bytes;
	ret->bytes = sb.blocks * sb.block_bytes;
	ret->group_bytes = (uint64_t)sb.blocks_per_group * sb.block_bytes;
	ret->group_cost_bytes = (uint64_t)sb.inode_table_blocks * sb.block_bytes;
	/*
	 * ext4_resize_fs() drops a last group that has no room for its own metadata: superblock,
	 * descriptors, two bitmaps, inode table; and, with bigalloc, the part of a cluster at the
	 * end.
	 */
	ret->slack_bytes =
		((uint64_t)sb.descriptor_blocks + sb.inode_table_blocks + 4 + sb.cluster_blocks) *
		sb.block_bytes;
	/* The kernel does not check this by itself. */
	ret->max_bytes = sb.has_64bit ? UINT64_MAX : (uint64_t)UINT32_MAX * sb.block_bytes;
	ret->mount_count = sb.mount_count;
	memcpy(ret->uuid, sb.uuid, sizeof(ret->uuid));
	if (sb.has_errors)
		ret->obstacle = "its superblock carries an error flag: run e2fsck while unmounted";
	else if (sb.has_sparse_super2)
		ret->obstacle = "its feature sparse_super2 forbids growing while mounted";
	return 0;
}

int growfs_ext4_grow(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes)
{
	uint64_t blocks = bytes / fs->block_bytes;

	return ioctl(rootfs->fd, EXT4_IOC_RESIZE_FS, &blocks) < 0 ? -errno : 0;
}
