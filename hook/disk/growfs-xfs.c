/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growfs.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <xfs/xfs.h>

#define TAIL_BLOCKS 64 /* a shorter last allocation group is dropped (XFS_MIN_AG_BLOCKS) */

/* At the beginning of each group: four sectors, and a root for each of up to seven trees. */
#define HEADER_BLOCKS 11
/*
 * How large it was at first is not stored, but groups keep their size. On a thin device of up to 8
 * GiB mkfs.xfs makes 8 groups, of up to 1 GiB; on a larger one 16, of more than 512 MiB. Ten times
 * as many are ten times the first size.
 */
#define SMALL_GROUP_BYTES (UINT64_C(512) << 20)
/* The places that any growth writes to: the primary superblock and the log. */
#define PLACES 8

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
	ret->group_metadata_bytes = (uint64_t)HEADER_BLOCKS * geometry.blocksize;
	ret->many_groups = ret->group_bytes < SMALL_GROUP_BYTES ? 10 * 8 : 10 * 16;
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

/*
 * New groups get their headers, old ones a new superblock, which costs a block where that is still
 * shared with an image. mkfs.xfs makes no more than 32 groups on a thin device; what there is
 * beyond them came by growing, which wrote to each group.
 */
#define MKFS_GROUPS 32

uint64_t growfs_xfs_cost(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes)
{
	uint64_t old = fs->bytes / fs->group_bytes, n = bytes / fs->group_bytes - old + 1;
	uint64_t shared = old < MKFS_GROUPS ? old + 1 : MKFS_GROUPS;

	return n * growfs_run_blocks(fs->group_metadata_bytes, fs->group_bytes, pool_block_bytes) +
	       shared + PLACES;
}
