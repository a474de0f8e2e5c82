/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/superblock.h"

#include "base/crc32c.h"
#include "unit.h"

/*
 * Devices as files, with only the superblocks of an ext4, XFS or btrfs of 1 GiB in blocks of 4 KiB.
 * XFS has 4 groups; the copy in the second follows the first directly.
 */
#define XFS_GROUP_BLOCKS 65536
#define XFS_GROUP_BYTES	 (XFS_GROUP_BLOCKS * 4096L)
#define BTRFS_OFFSET	 65536

static uint8_t ext4[1024], xfs[512], xfs_copy[512], btrfs[4096];
static struct superblock sb;

static void put(uint8_t *at, uint64_t n, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(n >> (8 * i));
}

static void put_be(uint8_t *at, uint64_t n, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[bytes - 1 - i] = (uint8_t)(n >> (8 * i));
}

static void sum_ext4(void)
{
	put(ext4 + 1020, ~crc32c(0, ext4, 1020), 4);
}

static void sum_xfs(uint8_t *sector)
{
	put(sector + 224, 0, 4);
	put(sector + 224, crc32c(0, sector, 512), 4);
}

static void sum_btrfs(void)
{
	put(btrfs, crc32c(0, btrfs + 32, sizeof(btrfs) - 32), 4);
}

static void make_ext4(void)
{
	memset(ext4, 0, sizeof(ext4));
	put(ext4 + 4, 262144, 4);
	put(ext4 + 24, 2, 4);
	put(ext4 + 32, 32768, 4);
	put(ext4 + 40, 8192, 4);
	put(ext4 + 52, 3, 2);
	put(ext4 + 56, 0xEF53, 2);
	put(ext4 + 76, 1, 4);
	put(ext4 + 88, 256, 2);
	put(ext4 + 96, 0x2C2, 4);
	put(ext4 + 100, 0x46B, 4);
	memcpy(ext4 + 104, "ext4-ext4-ext4-e", 16);
	put(ext4 + 254, 64, 2);
	sum_ext4();
}

static void make_xfs(uint8_t *sector, uint64_t blocks)
{
	memset(sector, 0, 512);
	memcpy(sector, "XFSB", 4);
	put_be(sector + 4, 4096, 4);
	put_be(sector + 8, blocks, 8);
	memcpy(sector + 32, "xfs-xfs-xfs-xfs-", 16);
	put_be(sector + 84, XFS_GROUP_BLOCKS, 4);
	put_be(sector + 88, (blocks + XFS_GROUP_BLOCKS - 1) / XFS_GROUP_BLOCKS, 4);
	put_be(sector + 100, 0xb4a5, 2);
	put_be(sector + 102, 512, 2);
	sum_xfs(sector);
}

static void make_btrfs(void)
{
	memset(btrfs, 0, sizeof(btrfs));
	memcpy(btrfs + 32, "btrfs-btrfs-btrf", 16);
	memcpy(btrfs + 64, "_BHRfS_M", 8);
	put(btrfs + 48, BTRFS_OFFSET, 8);
	put(btrfs + 136, 1, 8);
	put(btrfs + 144, 4096, 4);
	put(btrfs + 148, 16384, 4);
	memcpy(btrfs + 283, "btrfs-btrfs-btrf", 16);
	put(btrfs + 209, GIB, 8);
	sum_btrfs();
}

static int setup(void **state)
{
	(void)state;
	make_ext4();
	make_xfs(xfs, 262144);
	make_xfs(xfs_copy, 262144);
	make_btrfs();
	return 0;
}

static void write_at(int fd, const void *bytes, size_t len, long offset)
{
	assert_int_equal(pwrite(fd, bytes, len, offset), len);
}

enum kind { NONE = 0, EXT4 = 1, XFS = 2, BTRFS = 4 };

/* Reads a device with the superblocks of @kinds, cut to @bytes (0: not). */
static void read_device(unsigned int kinds, long bytes)
{
	int fd = fd_with("", 0);

	if (kinds & XFS) {
		write_at(fd, xfs, sizeof(xfs), 0);
		write_at(fd, xfs_copy, sizeof(xfs_copy), XFS_GROUP_BYTES);
	}
	if (kinds & EXT4)
		write_at(fd, ext4, sizeof(ext4), 1024);
	if (kinds & BTRFS)
		write_at(fd, btrfs, sizeof(btrfs), BTRFS_OFFSET);
	assert_int_equal(ftruncate(fd, bytes ? bytes : 2 * XFS_GROUP_BYTES), 0);
	memset(&sb, 0xaa, sizeof(sb));
	assert_int_equal(superblock_read(fd, &sb), 0);
	close(fd);
}

static void expect(unsigned int kinds, int type, uint64_t bytes)
{
	read_device(kinds, 0);
	assert_int_equal(sb.type, type);
	assert_int_equal(sb.bytes, bytes);
}

static void reads_each_filesystem(void **state)
{
	(void)state;
	expect(EXT4, SUPERBLOCK_EXT4, GIB);
	assert_memory_equal(sb.uuid, "ext4-ext4-ext4-e", 16);
	assert_int_equal(sb.mount_count, 3);
	expect(XFS, SUPERBLOCK_XFS, GIB);
	assert_memory_equal(sb.uuid, "xfs-xfs-xfs-xfs-", 16);
	expect(BTRFS, SUPERBLOCK_BTRFS, GIB);
	assert_memory_equal(sb.uuid, "btrfs-btrfs-btrf", 16);
	expect(NONE, SUPERBLOCK_UNKNOWN, 0);
}

static void two_superblocks_at_once_are_ignored(void **state)
{
	(void)state;
	expect(EXT4 | XFS, SUPERBLOCK_UNKNOWN, 0);
	expect(EXT4 | BTRFS, SUPERBLOCK_UNKNOWN, 0);
	expect(XFS | BTRFS, SUPERBLOCK_UNKNOWN, 0);
}

/* Any flipped bit: never another size. The parts without a checksum are at both ends. */
static void ignores_a_superblock_with_a_flipped_bit(void **state)
{
	static const struct {
		unsigned int kind;
		uint8_t *bytes;
		size_t from, len;
	} areas[] = {{EXT4, ext4, 0, 1024}, {XFS, xfs, 0, 512}, {BTRFS, btrfs, 32, 4064}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(areas); i++) {
		for (size_t bit = 8 * areas[i].from; bit < 8 * (areas[i].from + areas[i].len);
		     bit += areas[i].kind == BTRFS ? 13 : 1) {
			areas[i].bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			read_device(areas[i].kind, 0);
			/* the bits that enable the checksum */
			if (sb.type != SUPERBLOCK_UNKNOWN)
				assert_int_equal(sb.bytes, GIB);
			areas[i].bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		}
	}
}

static void checks_checksums(void **state)
{
	(void)state;
	put(ext4 + 4, 262145, 4);
	put_be(xfs + 8, 262143, 8);
	put(btrfs + 209, 2 * GIB, 8);
	expect(EXT4, SUPERBLOCK_UNKNOWN, 0);
	expect(XFS, SUPERBLOCK_UNKNOWN, 0);
	expect(BTRFS, SUPERBLOCK_UNKNOWN, 0);
}

static void reads_the_new_size_of_xfs_from_the_copy(void **state)
{
	(void)state;
	make_xfs(xfs_copy, 4 * 262144);
	expect(XFS, SUPERBLOCK_XFS, 4 * GIB);
	xfs_copy[40] ^= 1; /* of another filesystem */
	sum_xfs(xfs_copy);
	expect(XFS, SUPERBLOCK_XFS, GIB);
	make_xfs(xfs_copy, 4 * 262144);
	xfs_copy[300] ^= 1; /* damaged */
	expect(XFS, SUPERBLOCK_XFS, GIB);
	make_xfs(xfs_copy, 131072); /* older than the primary */
	expect(XFS, SUPERBLOCK_XFS, GIB);
}

static void checks_ranges_even_if_the_checksum_is_right(void **state)
{
	(void)state;
	make_xfs(xfs, UINT64_MAX / 8);
	expect(XFS, SUPERBLOCK_UNKNOWN, 0);
	make_xfs(xfs, 262144);
	put_be(xfs + 4, 4095, 4);
	sum_xfs(xfs);
	expect(XFS, SUPERBLOCK_UNKNOWN, 0);
	make_xfs(xfs, 262144);
	put_be(xfs + 88, 5, 4);
	sum_xfs(xfs);
	expect(XFS, SUPERBLOCK_UNKNOWN, 0);
	put(btrfs + 136, 2, 8);
	sum_btrfs();
	expect(BTRFS, SUPERBLOCK_UNKNOWN, 0);
	make_btrfs();
	put(btrfs + 209, UINT64_MAX, 8);
	sum_btrfs();
	expect(BTRFS, SUPERBLOCK_UNKNOWN, 0);
}

static void survives_a_device_truncated_anywhere(void **state)
{
	(void)state;
	for (long bytes = 1; bytes < 80000; bytes += 61) {
		read_device(EXT4, bytes);
		assert_int_equal(sb.type, bytes < 2048 ? SUPERBLOCK_UNKNOWN : SUPERBLOCK_EXT4);
		read_device(XFS, bytes);
		assert_int_equal(sb.type, bytes < 2048 ? SUPERBLOCK_UNKNOWN : SUPERBLOCK_XFS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_each_filesystem, setup),
		cmocka_unit_test_setup(two_superblocks_at_once_are_ignored, setup),
		cmocka_unit_test_setup(ignores_a_superblock_with_a_flipped_bit, setup),
		cmocka_unit_test_setup(checks_checksums, setup),
		cmocka_unit_test_setup(reads_the_new_size_of_xfs_from_the_copy, setup),
		cmocka_unit_test_setup(checks_ranges_even_if_the_checksum_is_right, setup),
		cmocka_unit_test_setup(survives_a_device_truncated_anywhere, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
