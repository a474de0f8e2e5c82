/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growfs.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <xfs/xfs.h>

#define TAIL_BLOCKS 64 /* a shorter last allocation group is dropped (XFS_MIN_AG_BLOCKS) */

/* Each group begins with four sectors and the roots of up to seven trees. */
#define HEADER_BLOCKS 11
/*
 * XFS does not store its first size, but the size of a group never changes. On a thin device
 * mkfs.xfs makes 8 groups of up to 1 GiB if it is no larger than 8 GiB, else 16 of more than 512
 * MiB. Ten times as many groups mean ten times the first size.
 */
#define SMALL_GROUP_BYTES (UINT64_C(512) << 20)
/* Places that every growth writes to: the primary superblock and the log. */
#define PLACES 8

int growfs_xfs_read(const struct rootfs *rootfs, struct growfs *ret)
{
	struct xfs_fsop_geom_v4 geometry; /* the version that every kernel supports */

	if (ioctl(rootfs->fd, XFS_IOC_FSGEOMETRY_V4, &geometry) < 0)
		return -errno;
	ret->block_bytes = geometry.blocksize;
	ret->bytes = geometry.datablocks * geometry.blocksize;
	ret->slack_bytes = (uint64_t)TAIL_BLOCKS * geometry.blocksize;
	ret->max_bytes = UINT64_MAX;
	ret->group_bytes = (uint64_t)geometry.agblocks * geometry.blocksize;
	ret->group_metadata_bytes = (uint64_t)HEADER_BLOCKS * geometry.blocksize;
	ret->many_groups = ret->group_bytes < SMALL_GROUP_BYTES ? 10 * 8 : 10 * 16;
	ret->needs_settling = ret->takes_long = true;
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

	/* New kernels shrink if the number is smaller: look again right before. */
	r = growfs_xfs_read(rootfs, &now);
	if (r < 0)
		return r;
	if (request.newblocks <= now.xfs_blocks)
		return 0;
	request.imaxpct = now.xfs_imaxpct;
	return ioctl(rootfs->fd, XFS_IOC_FSGROWFSDATA, &request) < 0 ? -errno : 0;
}

/*
 * New groups get their headers, and old ones a new superblock, which costs a block if that is still
 * shared with an image. mkfs.xfs makes at most 32 groups on a thin device; further ones were added
 * by growing, which wrote to each group.
 */
#define MKFS_GROUPS 32

uint64_t growfs_xfs_cost(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes)
{
	uint64_t old = fs->bytes / fs->group_bytes, n = bytes / fs->group_bytes - old + 1;
	uint64_t shared = old < MKFS_GROUPS ? old + 1 : MKFS_GROUPS;

	return n * growfs_run_blocks(fs->group_metadata_bytes, fs->group_bytes, pool_block_bytes) +
	       shared + PLACES;
}
