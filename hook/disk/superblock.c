/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/superblock.h"

#include "base/cleanup.h"
#include "base/crc32c.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define EXT4_MAGIC		  0xEF53
#define EXT4_ERROR_FS		  0x0002
#define EXT4_COMPAT_SPARSE_SUPER2 0x0200
#define EXT4_INCOMPAT_META_BG	  0x0010
#define EXT4_INCOMPAT_64BIT	  0x0080
#define EXT4_INCOMPAT_FLEX_BG	  0x0200
#define EXT4_RO_COMPAT_SPARSE	  0x0001
#define EXT4_RO_COMPAT_BIGALLOC	  0x0200
#define EXT4_MAX_LOG_BLOCK	  6  /* 64 KiB */
#define EXT4_MAX_LOG_CLUSTER	  20 /* 1 GiB */
#define EXT4_OLD_INODE_BYTES	  128
#define EXT4_OLD_DESCRIPTOR_BYTES 32

/* Where the fields are in struct ext4_super_block of the kernel's fs/ext4/ext4.h. */
enum {
	S_BLOCKS_COUNT_LO = 4,
	S_LOG_BLOCK_SIZE = 24,
	S_LOG_CLUSTER_SIZE = 28,
	S_BLOCKS_PER_GROUP = 32,
	S_CLUSTERS_PER_GROUP = 36,
	S_INODES_PER_GROUP = 40,
	S_MNT_COUNT = 52,
	S_MAGIC = 56,
	S_STATE = 58,
	S_REV_LEVEL = 76,
	S_INODE_SIZE = 88,
	S_FEATURE_COMPAT = 92,
	S_FEATURE_INCOMPAT = 96,
	S_FEATURE_RO_COMPAT = 100,
	S_UUID = 104,
	S_RESERVED_GDT_BLOCKS = 206,
	S_DESC_SIZE = 254,
	S_BLOCKS_COUNT_HI = 336,
	S_LOG_GROUPS_PER_FLEX = 372,
	S_CHECKSUM = 1020, /* the last one */
};

static uint32_t le16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t le32(const uint8_t *at)
{
	return le16(at) | le16(at + 2) << 16;
}

static uint64_t le64(const uint8_t *at)
{
	return le32(at) | (uint64_t)le32(at + 4) << 32;
}

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t be32(const uint8_t *at)
{
	return be16(at) << 16 | be16(at + 2);
}

static uint64_t be64(const uint8_t *at)
{
	return (uint64_t)be32(at) << 32 | be32(at + 4);
}

static uint64_t div_round_up(uint64_t n, uint64_t by)
{
	return (n + by - 1) / by;
}

/*
 * A group has as many clusters as a bitmap of one block has bits; without bigalloc a cluster is a
 * block. 0 or -EINVAL.
 */
static int parse_ext4_group(const uint8_t *block, struct ext4_superblock *sb)
{
	uint32_t log_block = le32(block + S_LOG_BLOCK_SIZE), log_cluster = log_block;
	uint32_t blocks = le32(block + S_BLOCKS_PER_GROUP), clusters = blocks;

	if (le32(block + S_FEATURE_RO_COMPAT) & EXT4_RO_COMPAT_BIGALLOC) {
		log_cluster = le32(block + S_LOG_CLUSTER_SIZE);
		clusters = le32(block + S_CLUSTERS_PER_GROUP);
	}
	if (log_block > EXT4_MAX_LOG_BLOCK || log_cluster < log_block ||
	    log_cluster > EXT4_MAX_LOG_CLUSTER)
		return -EINVAL;
	sb->block_bytes = 1024U << log_block;
	sb->cluster_blocks = 1U << (log_cluster - log_block);
	sb->blocks_per_group = blocks;
	if (clusters == 0 || clusters > 8 * sb->block_bytes ||
	    (uint64_t)clusters * sb->cluster_blocks != blocks)
		return -EINVAL;
	return 0;
}

static void parse_ext4_features(const uint8_t *block, struct ext4_superblock *sb)
{
	uint32_t incompat = le32(block + S_FEATURE_INCOMPAT);
	uint8_t log_flex = block[S_LOG_GROUPS_PER_FLEX];
	bool has_flex = incompat & EXT4_INCOMPAT_FLEX_BG && log_flex < 32;

	sb->flex_groups = has_flex ? 1U << log_flex : 1;
	sb->has_64bit = incompat & EXT4_INCOMPAT_64BIT;
	sb->has_meta_bg = incompat & EXT4_INCOMPAT_META_BG;
	sb->has_sparse_super = le32(block + S_FEATURE_RO_COMPAT) & EXT4_RO_COMPAT_SPARSE;
	sb->has_sparse_super2 = le32(block + S_FEATURE_COMPAT) & EXT4_COMPAT_SPARSE_SUPER2;
	sb->has_errors = le16(block + S_STATE) & EXT4_ERROR_FS;
}

int superblock_parse_ext4(const uint8_t *block, struct ext4_superblock *ret)
{
	struct ext4_superblock sb = {0};
	uint32_t inode_bytes =
		le32(block + S_REV_LEVEL) ? le16(block + S_INODE_SIZE) : EXT4_OLD_INODE_BYTES;
	uint32_t inodes_per_group = le32(block + S_INODES_PER_GROUP);
	uint32_t descriptor_bytes = EXT4_OLD_DESCRIPTOR_BYTES;
	uint64_t groups;

	if (le16(block + S_MAGIC) != EXT4_MAGIC || parse_ext4_group(block, &sb) < 0)
		return -EINVAL;
	parse_ext4_features(block, &sb);
	sb.blocks = le32(block + S_BLOCKS_COUNT_LO);
	if (sb.has_64bit) {
		sb.blocks |= (uint64_t)le32(block + S_BLOCKS_COUNT_HI) << 32;
		descriptor_bytes = le16(block + S_DESC_SIZE);
	}
	if (sb.blocks == 0 || sb.blocks > UINT64_MAX / 2 / sb.block_bytes ||
	    inodes_per_group == 0 || inodes_per_group > 8 * sb.block_bytes ||
	    inode_bytes < EXT4_OLD_INODE_BYTES || inode_bytes > sb.block_bytes ||
	    descriptor_bytes < EXT4_OLD_DESCRIPTOR_BYTES || descriptor_bytes > sb.block_bytes)
		return -EINVAL;
	sb.inode_table_blocks =
		(uint32_t)div_round_up((uint64_t)inodes_per_group * inode_bytes, sb.block_bytes);
	groups = div_round_up(sb.blocks, sb.blocks_per_group);
	sb.reserved_blocks = le16(block + S_RESERVED_GDT_BLOCKS);
	sb.descriptor_blocks = (uint32_t)div_round_up(groups * descriptor_bytes, sb.block_bytes) +
			       sb.reserved_blocks;
	sb.descriptors_per_block = sb.block_bytes / descriptor_bytes;
	sb.mount_count = (uint16_t)le16(block + S_MNT_COUNT);
	memcpy(sb.uuid, block + S_UUID, sizeof(sb.uuid));
	*ret = sb;
	return 0;
}

int superblock_open(dev_t dev)
{
	_cleanup_close_ int fd = -EBADF;
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/dm-%u", minor(dev));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISBLK(st.st_mode) || st.st_rdev != dev)
		return -ENOTBLK;
	return TAKE_FD(fd);
}

/* --- unmounted devices ----------------------------------------------------------------------- */

#define LEAST_BYTES		2048		      /* of a device with a filesystem */
#define MAX_BYTES		((uint64_t)INT64_MAX) /* the largest off_t */
#define EXT4_RO_COMPAT_CSUM	0x0400
#define XFS_MAGIC		"XFSB"
#define XFS_SECTOR_BYTES	512 /* the smallest; it has all fields */
#define XFS_MAX_SECTOR_BYTES	32768
#define XFS_MIN_GROUP_BLOCKS	64
#define XFS_INCOMPAT_META_UUID	0x0004
#define XFS_VERSION_NUMBITS	0x000f
#define BTRFS_SUPERBLOCK_OFFSET 65536
#define BTRFS_SUPERBLOCK_BYTES	4096
#define BTRFS_MAGIC		"_BHRfS_M"
#define BTRFS_METADATA_UUID	0x0400

/*
 * The checksum is stored without the final inversion. Without the feature the field may have an
 * outdated value. If that value is right for this superblock with the feature, a flipped bit has
 * cleared the feature.
 */
static bool ext4_is_sound(const uint8_t *block)
{
	bool has_checksum = le16(block + S_FEATURE_RO_COMPAT) & EXT4_RO_COMPAT_CSUM;
	uint8_t copy[EXT4_SUPERBLOCK_BYTES];

	memcpy(copy, block, sizeof(copy));
	copy[S_FEATURE_RO_COMPAT + 1] |= EXT4_RO_COMPAT_CSUM >> 8;
	return has_checksum == (le32(copy + S_CHECKSUM) == ~crc32c(0, copy, S_CHECKSUM));
}

static void parse_ext4(const uint8_t *block, struct superblock *ret)
{
	struct ext4_superblock sb;

	if (superblock_parse_ext4(block, &sb) < 0 || !ext4_is_sound(block) ||
	    sb.blocks > MAX_BYTES / sb.block_bytes)
		return;
	ret->type = SUPERBLOCK_EXT4;
	ret->bytes = sb.blocks * sb.block_bytes;
	ret->mount_count = sb.mount_count;
	memcpy(ret->uuid, sb.uuid, sizeof(ret->uuid));
}

/*
 * Where the fields are in struct xfs_dsb of the kernel's fs/xfs/libxfs/xfs_format.h. Big endian,
 * except the checksum.
 */
enum {
	SB_MAGICNUM = 0,
	SB_BLOCKSIZE = 4,
	SB_DBLOCKS = 8,
	SB_UUID = 32,
	SB_AGBLOCKS = 84,
	SB_AGCOUNT = 88,
	SB_VERSIONNUM = 100,
	SB_SECTSIZE = 102,
	SB_FEATURES_INCOMPAT = 216,
	SB_CRC = 224,
	SB_CRC_END = 228,
	SB_META_UUID = 248,
};

struct xfs_superblock {
	uint32_t version, block_bytes, group_blocks, groups, sector_bytes;
	uint64_t blocks;
	const uint8_t *uuid;	  /* the one that users see and can change */
	const uint8_t *meta_uuid; /* the one from mkfs, which is in all metadata */
};

static bool is_power_of_two(uint32_t n, uint32_t from, uint32_t to)
{
	return n >= from && n <= to && (n & (n - 1)) == 0;
}

/*
 * The checksum covers the whole sector, with zeros in the checksum's field. Version 4 has zeros
 * there: any other value means that a flipped bit has turned a version 5 into 4.
 */
static bool xfs_is_sound(const uint8_t *sector, const struct xfs_superblock *sb)
{
	static const uint8_t zeros[4];
	uint32_t stored = le32(sector + SB_CRC), crc;

	if (sb->version == 4)
		return stored == 0;
	crc = crc32c(0, sector, SB_CRC);
	crc = crc32c(crc, zeros, sizeof(zeros));
	return sb->version == 5 &&
	       stored == crc32c(crc, sector + SB_CRC_END, sb->sector_bytes - SB_CRC_END);
}

static bool xfs_is_in_range(const struct xfs_superblock *sb)
{
	uint64_t all_but_last = (uint64_t)sb->group_blocks * (sb->groups - UINT64_C(1));

	return is_power_of_two(sb->block_bytes, 512, 65536) &&
	       is_power_of_two(sb->sector_bytes, XFS_SECTOR_BYTES, XFS_MAX_SECTOR_BYTES) &&
	       sb->sector_bytes <= sb->block_bytes && sb->groups > 0 &&
	       sb->group_blocks >= XFS_MIN_GROUP_BLOCKS &&
	       sb->blocks <= MAX_BYTES / sb->block_bytes && sb->blocks > all_but_last &&
	       sb->blocks - all_but_last <= sb->group_blocks;
}

static bool parse_xfs_sector(const uint8_t *sector, size_t len, struct xfs_superblock *ret)
{
	if (len < XFS_SECTOR_BYTES || memcmp(sector + SB_MAGICNUM, XFS_MAGIC, 4) != 0)
		return false;
	*ret = (struct xfs_superblock){
		.version = be16(sector + SB_VERSIONNUM) & XFS_VERSION_NUMBITS,
		.block_bytes = be32(sector + SB_BLOCKSIZE),
		.blocks = be64(sector + SB_DBLOCKS),
		.uuid = sector + SB_UUID,
		.meta_uuid = sector + SB_UUID,
		.group_blocks = be32(sector + SB_AGBLOCKS),
		.groups = be32(sector + SB_AGCOUNT),
		.sector_bytes = be16(sector + SB_SECTSIZE),
	};
	if (ret->version == 5 && be32(sector + SB_FEATURES_INCOMPAT) & XFS_INCOMPAT_META_UUID)
		ret->meta_uuid = sector + SB_META_UUID;
	return xfs_is_in_range(ret) && ret->sector_bytes <= len && xfs_is_sound(sector, ret);
}

/*
 * Compares the UUID from mkfs, not the visible one: changing that may be interrupted, or leave the
 * old one in the copies.
 */
static bool is_copy(const struct xfs_superblock *copy, const struct xfs_superblock *of)
{
	return copy->version == of->version && copy->block_bytes == of->block_bytes &&
	       copy->group_blocks == of->group_blocks && copy->sector_bytes == of->sector_bytes &&
	       memcmp(copy->meta_uuid, of->meta_uuid, 16) == 0;
}

/* Reads up to @len bytes, fewer at the end of the device. Their number, or -errno. */
static ssize_t read_at(int fd, uint8_t *out, size_t len, uint64_t offset)
{
	ssize_t n;

	do
		n = pread(fd, out, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/*
 * After a growth the primary superblock keeps the old size until the journal is written back; the
 * copy in allocation group 1 has the new one at once.
 */
static int parse_xfs(int fd, const uint8_t *sector, size_t len, struct superblock *ret)
{
	uint8_t second[XFS_MAX_SECTOR_BYTES];
	struct xfs_superblock primary, copy;
	uint64_t blocks;
	ssize_t n;

	if (!parse_xfs_sector(sector, len, &primary))
		return 0;
	blocks = primary.blocks;
	n = read_at(fd, second, primary.sector_bytes,
		    (uint64_t)primary.group_blocks * primary.block_bytes);
	if (n < 0)
		return (int)n;
	if (parse_xfs_sector(second, (size_t)n, &copy) && is_copy(&copy, &primary) &&
	    copy.blocks > blocks)
		blocks = copy.blocks;
	ret->type = SUPERBLOCK_XFS;
	ret->bytes = blocks * primary.block_bytes;
	memcpy(ret->uuid, primary.uuid, sizeof(ret->uuid));
	return 0;
}

/* Where the fields are in struct btrfs_super_block of linux/btrfs_tree.h. */
enum {
	BTRFS_SB_CSUM = 0,
	BTRFS_SB_FSID = 32,
	BTRFS_SB_BYTENR = 48,
	BTRFS_SB_MAGIC = 64,
	BTRFS_SB_NUM_DEVICES = 136,
	BTRFS_SB_SECTORSIZE = 144,
	BTRFS_SB_NODESIZE = 148,
	BTRFS_SB_INCOMPAT_FLAGS = 188,
	BTRFS_SB_CSUM_TYPE = 196,
	BTRFS_SB_DEV_ITEM_TOTAL_BYTES = 209,
	BTRFS_SB_DEV_ITEM_FSID = 283,
	BTRFS_SB_METADATA_UUID = 571,
};

enum { BTRFS_CSUM_CRC32C, BTRFS_CSUM_XXHASH64, BTRFS_CSUM_SHA256, BTRFS_CSUM_BLAKE2B };

/*
 * Only CRC-32C checksums are verified. The field has 32 bytes, with zeros after the checksum: if
 * the last word of a longer checksum is zero, a flipped bit has changed the type.
 */
static bool btrfs_is_sound(const uint8_t *block)
{
	switch (le16(block + BTRFS_SB_CSUM_TYPE)) {
	case BTRFS_CSUM_CRC32C:
		return le32(block + BTRFS_SB_CSUM) ==
		       crc32c(0, block + BTRFS_SB_FSID, BTRFS_SUPERBLOCK_BYTES - BTRFS_SB_FSID);
	case BTRFS_CSUM_XXHASH64:
		return le32(block + BTRFS_SB_CSUM + 4) != 0;
	case BTRFS_CSUM_SHA256:
	case BTRFS_CSUM_BLAKE2B:
		return le32(block + BTRFS_SB_CSUM + 28) != 0;
	default:
		return false;
	}
}

/* Like btrfs_validate_super() in the kernel's fs/btrfs/disk-io.c, but for one device only. */
static bool btrfs_is_in_range(const uint8_t *block)
{
	uint32_t sector_bytes = le32(block + BTRFS_SB_SECTORSIZE),
		 node_bytes = le32(block + BTRFS_SB_NODESIZE);
	bool has_metadata_uuid = le64(block + BTRFS_SB_INCOMPAT_FLAGS) & BTRFS_METADATA_UUID;

	return le64(block + BTRFS_SB_BYTENR) == BTRFS_SUPERBLOCK_OFFSET &&
	       le64(block + BTRFS_SB_NUM_DEVICES) == 1 &&
	       is_power_of_two(sector_bytes, 2048, 65536) &&
	       is_power_of_two(node_bytes, sector_bytes, 65536) &&
	       memcmp(block + BTRFS_SB_DEV_ITEM_FSID,
		      block + (has_metadata_uuid ? BTRFS_SB_METADATA_UUID : BTRFS_SB_FSID),
		      16) == 0;
}

static void parse_btrfs(const uint8_t *block, struct superblock *ret)
{
	uint64_t bytes = le64(block + BTRFS_SB_DEV_ITEM_TOTAL_BYTES);

	if (!btrfs_is_in_range(block) || !btrfs_is_sound(block) || bytes == 0 || bytes > MAX_BYTES)
		return;
	ret->type = SUPERBLOCK_BTRFS;
	ret->bytes = bytes;
	memcpy(ret->uuid, block + BTRFS_SB_FSID, sizeof(ret->uuid));
}

int superblock_read(int fd, struct superblock *ret)
{
	uint8_t first[XFS_MAX_SECTOR_BYTES], at_64k[BTRFS_SUPERBLOCK_BYTES];
	const uint8_t *ext4 = first + EXT4_SUPERBLOCK_OFFSET;
	bool has_ext4, has_xfs, has_btrfs;
	struct superblock sb = {0};
	ssize_t len, len_at_64k;
	int r = 0;

	len = read_at(fd, first, sizeof(first), 0);
	if (len < 0)
		return (int)len;
	len_at_64k = read_at(fd, at_64k, sizeof(at_64k), BTRFS_SUPERBLOCK_OFFSET);
	if (len_at_64k < 0)
		return (int)len_at_64k;
	has_ext4 = len >= LEAST_BYTES && le16(ext4 + S_MAGIC) == EXT4_MAGIC;
	has_xfs = len >= LEAST_BYTES && memcmp(first + SB_MAGICNUM, XFS_MAGIC, 4) == 0;
	has_btrfs = len_at_64k == BTRFS_SUPERBLOCK_BYTES &&
		    memcmp(at_64k + BTRFS_SB_MAGIC, BTRFS_MAGIC, strlen(BTRFS_MAGIC)) == 0;
	/* If there is more than one, none is trusted: a leftover, or a trap. */
	if (has_ext4 + has_xfs + has_btrfs > 1)
		has_ext4 = has_xfs = has_btrfs = false;
	if (has_ext4)
		parse_ext4(ext4, &sb);
	else if (has_xfs)
		r = parse_xfs(fd, first, (size_t)len, &sb);
	else if (has_btrfs)
		parse_btrfs(at_64k, &sb);
	if (r < 0)
		return r;
	*ret = sb;
	return 0;
}

const uint8_t *superblock_uuid(const struct superblock *superblock)
{
	return superblock->type == SUPERBLOCK_UNKNOWN ? NULL : superblock->uuid;
}
