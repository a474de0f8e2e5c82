/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growfs.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Growing writes the superblocks and one path in each of a few trees, each to any free place. */
#define PLACES 24

int growfs_btrfs_read(const struct rootfs *rootfs, struct growfs *ret)
{
	struct btrfs_ioctl_fs_info_args info = {0};
	struct btrfs_ioctl_dev_info_args device = {0};

	if (ioctl(rootfs->fd, BTRFS_IOC_FS_INFO, &info) < 0)
		return -errno;
	device.devid = info.max_id;
	if (ioctl(rootfs->fd, BTRFS_IOC_DEV_INFO, &device) < 0)
		return -errno;
	ret->block_bytes = info.sectorsize;
	ret->bytes = device.total_bytes;
	ret->slack_bytes = info.sectorsize;
	ret->max_bytes = UINT64_MAX;
	ret->btrfs_devid = device.devid;
	memcpy(ret->uuid, info.fsid, sizeof(ret->uuid));
	if (info.num_devices != 1)
		ret->obstacle = "it spans more than one device";
	return 0;
}

/* Only "max" can never shrink the filesystem; the device already has the right length. */
int growfs_btrfs_grow(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes)
{
	struct btrfs_ioctl_vol_args args = {0};
	int r;

	(void)bytes;
	snprintf(args.name, sizeof(args.name), "%" PRIu64 ":max", fs->btrfs_devid);
	r = ioctl(rootfs->fd, BTRFS_IOC_RESIZE, &args);
	if (r < 0)
		return -errno;
	return r > 0 ? -EINPROGRESS : 0; /* another exclusive operation is running */
}

uint64_t growfs_btrfs_cost(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes)
{
	(void)fs;
	(void)bytes;
	(void)pool_block_bytes;
	return PLACES;
}
