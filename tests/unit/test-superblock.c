/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/superblock.h"

#include "fake-fs.h"
#include "unit.h"

static uint8_t block[EXT4_SUPERBLOCK_BYTES];
static struct ext4_superblock sb;

/* 1 GiB in blocks of 4 KiB; with 64bit. */
static int setup(void **state)
{
	(void)state;
	fake_fs = (struct fake_fs){.block_bytes = 4096, .bytes = GIB};
	fake_ext4_superblock(block);
	memset(&sb, 0xaa, sizeof(sb));
	return 0;
}

static void put16(size_t at, uint16_t n)
{
	block[at] = (uint8_t)n;
	block[at + 1] = (uint8_t)(n >> 8);
}

static void put32(size_t at, uint32_t n)
{
	put16(at, (uint16_t)n);
	put16(at + 2, (uint16_t)(n >> 16));
}

static void accept(void)
{
	assert_int_equal(superblock_parse_ext4(block, &sb), 0);
}

static void refuse(void)
{
	struct ext4_superblock before = sb;

	assert_int_equal(superblock_parse_ext4(block, &sb), -EINVAL);
	assert_memory_equal(&sb, &before, sizeof(sb));
	setup(NULL);
}

static void reads_a_superblock(void **state)
{
	(void)state;
	accept();
	assert_int_equal(sb.block_bytes, 4096);
	assert_int_equal(sb.blocks, 262144);
	assert_int_equal(sb.blocks_per_group, 32768);
	assert_int_equal(sb.inode_table_blocks, 512);
	assert_int_equal(sb.descriptor_blocks, 1 + 127); /* 8 groups of 64 bytes; reserved */
	assert_true(sb.has_64bit);
	assert_false(sb.has_errors);
	assert_false(sb.has_sparse_super2);
	assert_int_equal(sb.mount_count, 3);
	assert_memory_equal(sb.uuid, "0123456789abcdef", 16);
}

static void reads_large_block_counts(void **state)
{
	(void)state;
	put32(4, 0x00000001);
	put32(336, 0x00000002);
	accept();
	assert_true(sb.blocks == UINT64_C(0x200000001));
}

/* Without 64bit the upper half is something else, and so is the size of a descriptor. */
static void without_64bit_there_is_no_upper_half(void **state)
{
	(void)state;
	fake_fs.without_64bit = true;
	fake_ext4_superblock(block);
	put32(336, 0xffffffff);
	put16(254, 7);
	put32(4, 0xffffffff);
	accept();
	assert_false(sb.has_64bit);
	assert_true(sb.blocks == UINT32_MAX);
	assert_int_equal(sb.descriptor_blocks, 131072 * 32 / 4096 + 127);
}

static void reads_flags(void **state)
{
	(void)state;
	put16(58, 2);
	accept();
	assert_true(sb.has_errors);
	put16(58, 1 | 4); /* clean, orphans */
	accept();
	assert_false(sb.has_errors);
	put32(92, 0x200);
	accept();
	assert_true(sb.has_sparse_super2);
	put32(92, (uint32_t)~0x200);
	accept();
	assert_false(sb.has_sparse_super2);
}

static void reads_every_block_size(void **state)
{
	(void)state;
	for (uint32_t log = 0; log <= 6; log++) {
		setup(NULL);
		put32(24, log);
		put32(32, 8192);
		accept();
		assert_int_equal(sb.block_bytes, 1024 << log);
	}
	put32(24, 7);
	refuse();
	put32(24, UINT32_MAX);
	refuse();
}

/* Revision 0 has inodes of 128 bytes, whatever stands where others have their size. */
static void knows_the_old_inodes(void **state)
{
	(void)state;
	put32(76, 0);
	put16(88, 0);
	accept();
	assert_int_equal(sb.inode_table_blocks, 256);
}

static void refuses_nonsense(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} nonsense[] = {
		{4, 0},	 {336, UINT32_MAX},		       /* blocks */
		{32, 0}, {32, 8 * 4096 + 1}, {32, UINT32_MAX}, /* blocks of a group */
		{40, 0}, {40, 8 * 4096 + 1}, {40, UINT32_MAX}, /* inodes of a group */
	};
	static const struct {
		size_t at;
		uint16_t value;
	} short_nonsense[] = {
		{56, 0},   {56, 0xEF54}, {56, 0x53EF}, /* magic */
		{88, 127}, {88, 0},	 {88, 4097},   /* inode */
		{254, 31}, {254, 0},	 {254, 4097},  /* descriptor */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
		put32(nonsense[i].at, nonsense[i].value);
		refuse();
	}
	for (size_t i = 0; i < COUNT_OF(short_nonsense); i++) {
		put16(short_nonsense[i].at, short_nonsense[i].value);
		refuse();
	}
	memset(block, 0, sizeof(block));
	refuse();
	memset(block, 0xff, sizeof(block));
	refuse();
}

static void accepts_the_bounds(void **state)
{
	(void)state;
	put32(32, 8 * 4096);
	put32(40, 8 * 4096);
	put16(88, 4096);
	put16(254, 4096);
	accept();
	assert_int_equal(sb.inode_table_blocks, 8 * 4096);
	put16(88, 128);
	put16(254, 32);
	accept();
	put32(4, 1);
	accept();
}

/* Whatever the bytes are, the numbers can be multiplied. */
static void survives_random_bytes(void **state)
{
	uint64_t x = 42;
	unsigned int accepted = 0;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		setup(NULL);
		for (unsigned int i = 0; i < 1 + round % 24; i++) {
			x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
			block[(x >> 33) % 350] = (uint8_t)(x >> 25);
		}
		if (superblock_parse_ext4(block, &sb) < 0)
			continue;
		accepted++;
		assert_true(sb.blocks && sb.blocks <= UINT64_MAX / sb.block_bytes);
		assert_true(sb.blocks_per_group && sb.inode_table_blocks);
	}
	assert_in_range(accepted, 100, 19900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_a_superblock, setup),
		cmocka_unit_test_setup(reads_large_block_counts, setup),
		cmocka_unit_test_setup(without_64bit_there_is_no_upper_half, setup),
		cmocka_unit_test_setup(reads_flags, setup),
		cmocka_unit_test_setup(reads_every_block_size, setup),
		cmocka_unit_test_setup(knows_the_old_inodes, setup),
		cmocka_unit_test_setup(refuses_nonsense, setup),
		cmocka_unit_test_setup(accepts_the_bounds, setup),
		cmocka_unit_test_setup(survives_random_bytes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
