/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads superblocks. The parsers are pure: bytes in, numbers out; hostile bytes give -EINVAL.
 * ext2/3/4: struct ext4_super_block in the kernel's fs/ext4/ext4.h.
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
	uint32_t cluster_blocks;     /* unit of allocation: 1 without bigalloc */
	uint32_t inode_table_blocks; /* of one group */
	uint32_t descriptor_blocks;  /* of all groups, including those reserved for growing */
	uint32_t reserved_blocks;    /* those reserved for growing */
	uint32_t descriptors_per_block;
	uint32_t flex_groups; /* groups whose metadata is contiguous: 1 without flex_bg */
	bool has_64bit, has_errors, has_sparse_super, has_sparse_super2, has_meta_bg;
	uint16_t mount_count;
	uint8_t uuid[16];
};

/*
 * @block: the EXT4_SUPERBLOCK_BYTES at EXT4_SUPERBLOCK_OFFSET. Does not verify the checksum, which
 * the kernel updates late in the buffer of a mounted filesystem.
 */
int superblock_parse_ext4(const uint8_t *block, struct ext4_superblock *ret);

/*
 * Opens the device-mapper device @dev for reading its superblock. An fd; -ENOTBLK: its node is not
 * this device; -errno. Close it soon: the engine cannot remove the device meanwhile. Never opened
 * for writing, because closing it would then cause a uevent.
 */
int superblock_open(dev_t dev);

/* The filesystem on an unmounted device. */
struct superblock {
	enum { SUPERBLOCK_UNKNOWN, SUPERBLOCK_EXT4, SUPERBLOCK_XFS, SUPERBLOCK_BTRFS } type;
	uint64_t bytes;	      /* the length that the device must have; 0: not known */
	uint8_t uuid[16];     /* if the type is known */
	uint32_t mount_count; /* ext4 */
};

/*
 * Reads the superblock on the block device (or, in tests, file) @fd: ext2/3/4, XFS, or btrfs on one
 * device. For XFS, *ret has the larger size of the primary and of the copy in allocation group 1,
 * if that is sound and of the same filesystem: after a crash the primary may have the old size.
 * Checks magic, ranges and, if it is CRC-32C, the checksum; hostile bytes are "unknown", never an
 * error. Reads nothing beyond the present end of the device. 0, or -errno if it cannot be read.
 */
int superblock_read(int fd, struct superblock *ret);

/* The UUID for ledger_matches(), inside @superblock; NULL: none could be read. */
const uint8_t *superblock_uuid(const struct superblock *superblock);
