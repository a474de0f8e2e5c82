/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "disk/growfs.h"
#include "disk/superblock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#ifndef EXT4_IOC_RESIZE_FS /* fs/ext4/ext4.h; not in the headers that Debian 12 has */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

/*
 * The buffered superblock of the block device is the one that the kernel itself works on, so it is
 * up to date without a sync. The device is open for this read only: the engine may want to remove
 * it at any time; and never for writing, after which udev would send events.
 */
static int read_superblock(dev_t dev, struct ext4_superblock *ret)
{
	_cleanup_close_ int fd = -EBADF;
	uint8_t block[EXT4_SUPERBLOCK_BYTES];
	char path[32];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/dev/dm-%u", minor(dev));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISBLK(st.st_mode) || st.st_rdev != dev)
		return -ENOTBLK;
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
	 * descriptors, two bitmaps, inode table.
	 */
	ret->slack_bytes =
		(uint64_t)(sb.descriptor_blocks + sb.inode_table_blocks + 5) * sb.block_bytes;
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
