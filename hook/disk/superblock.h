/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Superblocks as they stand on a device. Pure parsers: bytes in, numbers out; hostile bytes give
 * -EINVAL. The format of ext2/3/4 is struct ext4_super_block of the kernel's fs/ext4/ext4.h.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define EXT4_SUPERBLOCK_OFFSET 1024
#define EXT4_SUPERBLOCK_BYTES  1024

struct ext4_superblock {
	uint32_t block_bytes;
	uint64_t blocks;
	uint32_t blocks_per_group;
	uint32_t cluster_blocks;     /* what is allocated at once: 1, but with bigalloc */
	uint32_t inode_table_blocks; /* of one group */
	uint32_t descriptor_blocks;  /* of all groups, with the blocks reserved for growing */
	uint32_t reserved_blocks;    /* of these the reserved ones */
	uint32_t descriptors_per_block;
	uint32_t flex_groups; /* whose metadata is side by side: 1, but with flex_bg */
	bool has_64bit, has_errors, has_sparse_super, has_sparse_super2, has_meta_bg;
	uint16_t mount_count;
	uint8_t uuid[16];
};

/*
 * @block: the EXT4_SUPERBLOCK_BYTES at EXT4_SUPERBLOCK_OFFSET. The checksum is not judged: the
 * buffer of a mounted filesystem is changed under us.
 */
int superblock_parse_ext4(const uint8_t *block, struct ext4_superblock *ret);

/*
 * The block device @dev, a device-mapper one, for a look at its superblock: an fd, or -errno;
 * -ENOTBLK if its node is something else. Close it at once: the engine may want to remove the
 * device at any time. Never for writing: udev would send events after that.
 */
int superblock_open(dev_t dev);

/* What an unmounted device says of the filesystem on it. */
struct superblock {
	enum { SUPERBLOCK_UNKNOWN, SUPERBLOCK_EXT4, SUPERBLOCK_XFS, SUPERBLOCK_BTRFS } type;
	uint64_t bytes;	      /* that the filesystem needs its device to have; 0 if unknown */
	uint8_t uuid[16];     /* if the type is known */
	uint32_t mount_count; /* ext4 */
};

/*
 * Reads the superblocks on the block device (or, in tests, file) @fd: ext2/3/4, XFS (the larger of
 * the primary and of allocation group 1's copy, if that is sound and of the same filesystem: after
 * a crash the primary may still have the old size), btrfs on one device. Checks magic, ranges and,
 * if it is CRC-32C, the checksum; hostile bytes are "unknown", never an error. Nothing beyond the
 * present end of the device is read. 0, or -errno if the device cannot be read.
 */
int superblock_read(int fd, struct superblock *ret);

/* The UUID for ledger_matches(); NULL: none could be read. Lives as long as @superblock. */
const uint8_t *superblock_uuid(const struct superblock *superblock);
