/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growfs.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <xfs/xfs.h>

#define TAIL_BLOCKS 64 /* a shorter last allocation group is dropped (XFS_MIN_AG_BLOCKS) */

int growfs_xfs_read(const struct rootfs *rootfs, struct growfs *ret)
{
	struct xfs_fsop_geom_v4 geometry; /* the form that every kernel knows */

	if (ioctl(rootfs->fd, XFS_IOC_FSGEOMETRY_V4, &geometry) < 0)
		return -errno;
	ret->block_bytes = geometry.blocksize;
	ret->bytes = geometry.datablocks * geometry.blocksize;
	ret->slack_bytes = (uint64_t)TAIL_BLOCKS * geometry.blocksize;
	ret->max_bytes = UINT64_MAX;
	ret->group_bytes = (uint64_t)geometry.agblocks * geometry.blocksize;
	/* A new group's headers lie next to each other; the pool's block is at least 64 KiB. */
	ret->group_cost_bytes = 64UL * 1024;
	ret->needs_settling = true;
	memcpy(ret->uuid, geometry.uuid, sizeof(ret->uuid));
	ret->xfs_blocks = geometry.datablocks;
	ret->xfs_imaxpct = geometry.imaxpct;
	return 0;
}

int growfs_xfs_grow(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes)
{
	struct growfs now = {0};
	struct xfs_growfs_data request = {.newblocks = bytes / fs->block_bytes};
	int r;

	/* New kernels take a smaller number as an order to shrink: look again right before. */
	r = growfs_xfs_read(rootfs, &now);
	if (r < 0)
		return r;
	if (request.newblocks <= now.xfs_blocks)
		return 0;
	request.imaxpct = now.xfs_imaxpct;
	return ioctl(rootfs->fd, XFS_IOC_FSGROWFSDATA, &request) < 0 ? -errno : 0;
}
