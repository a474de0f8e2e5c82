/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/superblock.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define EXT4_MAGIC		  0xEF53
#define EXT4_ERROR_FS		  0x0002
#define EXT4_COMPAT_SPARSE_SUPER2 0x0200
#define EXT4_INCOMPAT_64BIT	  0x0080
#define EXT4_OLD_INODE_BYTES	  128
#define EXT4_OLD_DESCRIPTOR_BYTES 32

static uint32_t le16(const uint8_t *at)
{
	uint16_t n;

	memcpy(&n, at, sizeof(n));
	return le16toh(n);
}

static uint32_t le32(const uint8_t *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return le32toh(n);
}

static uint64_t div_round_up(uint64_t n, uint64_t by)
{
	return (n + by - 1) / by;
}

/* Offsets: s_blocks_count_lo 4, s_log_block_size 24, s_blocks_per_group 32, s_inodes_per_group 40,
 * s_mnt_count 52, s_magic 56, s_state 58, s_rev_level 76, s_inode_size 88, s_feature_compat 92,
 * s_feature_incompat 96, s_uuid 104, s_reserved_gdt_blocks 206, s_desc_size 254,
 * s_blocks_count_hi 336. */
int superblock_parse_ext4(const uint8_t *block, struct ext4_superblock *ret)
{
	struct ext4_superblock sb = {0};
	uint32_t log_block = le32(block + 24), incompat = le32(block + 96);
	uint32_t inode_bytes = le32(block + 76) ? le16(block + 88) : EXT4_OLD_INODE_BYTES;
	uint32_t inodes_per_group = le32(block + 40), descriptor_bytes = EXT4_OLD_DESCRIPTOR_BYTES;

	if (le16(block + 56) != EXT4_MAGIC || log_block > 6)
		return -EINVAL;
	sb.block_bytes = 1024U << log_block;
	sb.has_64bit = incompat & EXT4_INCOMPAT_64BIT;
	sb.blocks = le32(block + 4);
	if (sb.has_64bit) {
		sb.blocks |= (uint64_t)le32(block + 336) << 32;
		descriptor_bytes = le16(block + 254);
	}
	sb.blocks_per_group = le32(block + 32);
	if (sb.blocks == 0 || sb.blocks > UINT64_MAX / 2 / sb.block_bytes ||
	    sb.blocks_per_group == 0 || sb.blocks_per_group > 8 * sb.block_bytes ||
	    inodes_per_group == 0 || inodes_per_group > 8 * sb.block_bytes ||
	    inode_bytes < EXT4_OLD_INODE_BYTES || inode_bytes > sb.block_bytes ||
	    descriptor_bytes < EXT4_OLD_DESCRIPTOR_BYTES || descriptor_bytes > sb.block_bytes)
		return -EINVAL;
	sb.inode_table_blocks =
		(uint32_t)div_round_up((uint64_t)inodes_per_group * inode_bytes, sb.block_bytes);
	sb.descriptor_blocks = (uint32_t)div_round_up(div_round_up(sb.blocks, sb.blocks_per_group) *
							      descriptor_bytes,
						      sb.block_bytes) +
			       le16(block + 206);
	sb.has_errors = le16(block + 58) & EXT4_ERROR_FS;
	sb.has_sparse_super2 = le32(block + 92) & EXT4_COMPAT_SPARSE_SUPER2;
	sb.mount_count = (uint16_t)le16(block + 52);
	memcpy(sb.uuid, block + 104, sizeof(sb.uuid));
	*ret = sb;
	return 0;
}
