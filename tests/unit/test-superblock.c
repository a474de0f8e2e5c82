/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/superblock.h"

#include "base/crc32c.h"
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
	assert_int_equal(sb.cluster_blocks, 1);
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

/* Without 64bit the upper half has another meaning, and so does the size of a descriptor. */
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

/* A group has as many clusters of, here, 64 KiB as a bitmap of 4 KiB has bits. */
static void reads_bigalloc(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} nonsense[] = {
		{28, 1},  {28, 21},	    {28, UINT32_MAX}, /* clusters */
		{36, 0},  {36, 32769},	    {36, UINT32_MAX}, /* of a group */
		{32, 0},  {32, 16 * 32767}, {32, UINT32_MAX}, /* blocks of a group */
		{100, 0},				      /* no bigalloc */
	};

	(void)state;
	for (size_t i = 0; i <= COUNT_OF(nonsense); i++) {
		put32(28, 6);
		put32(32, 16 * 32768);
		put32(36, 32768);
		put32(100, 0x200);
		accept();
		assert_int_equal(sb.blocks_per_group, 16 * 32768);
		assert_int_equal(sb.cluster_blocks, 16);
		if (i < COUNT_OF(nonsense)) {
			put32(nonsense[i].at, nonsense[i].value);
			refuse();
		}
	}
}

/* Revision 0 has inodes of 128 bytes, whatever is in the size field. */
static void reads_revision_0_inodes(void **state)
{
	(void)state;
	put32(76, 0);
	put16(88, 0);
	accept();
	assert_int_equal(sb.inode_table_blocks, 256);
}

static void refuses_values_out_of_range(void **state)
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

/* With any bytes, the numbers can be multiplied. */
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

/* --- on an unmounted device; tests/data/superblock-* are what mkfs wrote --------------------- */

#define BTRFS_AT  (64 * KIB)
#define XFS_GROUP (20480 * 4 * KIB) /* where group 1 begins, 80 MiB */
#define MOST	  4096		    /* of a fixture */

static int device = -EBADF;
static uint8_t data[MOST], copy[MOST];
static struct superblock seen;

static size_t load(const char *file, uint8_t *out)
{
	char path[64];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "tests/data/superblock-%s", file);
	in = fopen(path, "re");
	assert_non_null(in);
	len = fread(out, 1, MOST, in);
	assert_int_equal(fclose(in), 0);
	assert_in_range(len, 512, MOST);
	return len;
}

static void put(const uint8_t *bytes, size_t len, uint64_t at)
{
	assert_int_equal(pwrite(device, bytes, len, (off_t)at), len);
}

/* The fixture @file at @at, also in data; after it the device is empty up to @end. */
static void make_device(const char *file, uint64_t at, uint64_t end)
{
	size_t len = load(file, data);

	assert_int_equal(ftruncate(device, 0), 0);
	put(data, len, at);
	assert_int_equal(ftruncate(device, (off_t)end), 0);
}

static int open_device(void **state)
{
	(void)state;
	device = memfd_create("device", MFD_CLOEXEC);
	return device < 0;
}

static int close_device(void **state)
{
	(void)state;
	return close(device);
}

static void expect(int type, uint64_t bytes)
{
	memset(&seen, 0xaa, sizeof(seen));
	assert_int_equal(superblock_read(device, &seen), 0);
	assert_int_equal(seen.type, type);
	assert_true(seen.bytes == bytes);
}

static void set_le32(uint8_t *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(n >> 8 * i);
}

static void set_be(uint8_t *at, size_t width, uint64_t n)
{
	while (width--) {
		at[width] = (uint8_t)n;
		n >>= 8;
	}
}

static void seal_btrfs(void)
{
	set_le32(data, crc32c(0, data + 32, MOST - 32));
	put(data, MOST, BTRFS_AT);
}

static void seal_xfs(uint8_t *sector, uint64_t at)
{
	set_le32(sector + 224, 0);
	set_le32(sector + 224, crc32c(0, sector, 512));
	put(sector, 512, at);
}

/* The filesystem has 320 MiB, its copy in copy 480 MiB, as after a growth and a power cut. */
static void make_grown_xfs(void)
{
	make_device("xfs", 0, 320 * MIB);
	load("xfs-group-1", copy);
	set_be(copy + 8, 8, 480 * MIB / 4096);
	set_be(copy + 88, 4, 6);
	seal_xfs(copy, XFS_GROUP);
}

/* The content of the device, and the last byte of it that is needed. */
static const struct {
	const char *file;
	uint64_t at, end, bytes;
	int type;
	uint8_t uuid_end;
} kinds[] = {
	{"ext4", 0, 2048, 64 * MIB, SUPERBLOCK_EXT4, 0xff},
	{"ext4-no-checksum", 0, 2048, 64 * MIB, SUPERBLOCK_EXT4, 0x01},
	{"xfs", 0, 2048, 320 * MIB, SUPERBLOCK_XFS, 0x02},
	{"xfs-v4", 0, 2048, 512 * MIB, SUPERBLOCK_XFS, 0x04},
	{"xfs-4k-sectors", 0, 4096, 512 * MIB, SUPERBLOCK_XFS, 0x05},
	{"btrfs", BTRFS_AT, BTRFS_AT + 4096, 128 * MIB, SUPERBLOCK_BTRFS, 0x03},
	{"ext4-bigalloc", 0, 2048, 256 * MIB, SUPERBLOCK_EXT4, 0x07},
};

static void reads_superblocks_of_mkfs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		make_device(kinds[i].file, kinds[i].at, kinds[i].bytes);
		expect(kinds[i].type, kinds[i].bytes);
		assert_int_equal(seen.uuid[1], 0x11);
		assert_int_equal(seen.uuid[15], kinds[i].uuid_end);
	}
	make_device("btrfs-xxhash", BTRFS_AT, 128 * MIB);
	expect(SUPERBLOCK_BTRFS, 128 * MIB);
}

/* Truncated anywhere, even where only zeros are missing. */
static void a_truncated_superblock_is_ignored(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		make_device(kinds[i].file, kinds[i].at, kinds[i].end);
		expect(kinds[i].type, kinds[i].bytes);
		for (uint64_t end = kinds[i].end; end-- > kinds[i].at;) {
			assert_int_equal(ftruncate(device, (off_t)end), 0);
			expect(SUPERBLOCK_UNKNOWN, 0);
		}
	}
}

static void a_blank_device_has_no_filesystem(void **state)
{
	static const uint64_t lengths[] = {0, 1, 511, 512, 2048, 4096, BTRFS_AT, GIB};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		assert_int_equal(ftruncate(device, (off_t)lengths[i]), 0);
		expect(SUPERBLOCK_UNKNOWN, 0);
	}
	memset(data, 0xff, sizeof(data));
	for (uint64_t at = 0; at < 128 * KIB; at += sizeof(data))
		put(data, sizeof(data), at);
	expect(SUPERBLOCK_UNKNOWN, 0);
}

static void a_device_that_cannot_be_read_is_an_error(void **state)
{
	struct superblock before;

	(void)state;
	memset(&seen, 0xaa, sizeof(seen));
	before = seen;
	assert_int_equal(superblock_read(-EBADF, &seen), -EBADF);
	assert_memory_equal(&seen, &before, sizeof(seen));
}

/* Each bit of the @len bytes that are at @at on the device and in @bytes. */
static void flip_each_bit(uint8_t *bytes, size_t len, uint64_t at, int type, uint64_t size)
{
	for (size_t bit = 0; bit < 8 * len; bit++) {
		uint8_t *byte = bytes + bit / 8, flip = (uint8_t)(1 << bit % 8);

		*byte ^= flip;
		put(byte, 1, at + bit / 8);
		expect(type, size);
		*byte ^= flip;
		put(byte, 1, at + bit / 8);
	}
}

/* Also the bits that enable the checksum. btrfs does not checksum the 28 bytes after its own. */
static void no_flipped_bit_goes_unnoticed(void **state)
{
	(void)state;
	make_device("ext4", 0, 64 * MIB);
	flip_each_bit(data + 1024, 1024, 1024, SUPERBLOCK_UNKNOWN, 0);
	make_device("xfs", 0, 320 * MIB);
	flip_each_bit(data, 512, 0, SUPERBLOCK_UNKNOWN, 0);
	make_device("xfs-4k-sectors", 0, 512 * MIB);
	flip_each_bit(data, 4096, 0, SUPERBLOCK_UNKNOWN, 0);
	make_grown_xfs();
	flip_each_bit(copy, 512, XFS_GROUP, SUPERBLOCK_XFS, 320 * MIB);
	expect(SUPERBLOCK_XFS, 480 * MIB);
	make_device("btrfs", BTRFS_AT, 128 * MIB);
	flip_each_bit(data, 4, BTRFS_AT, SUPERBLOCK_UNKNOWN, 0);
	flip_each_bit(data + 32, MOST - 32, BTRFS_AT + 32, SUPERBLOCK_UNKNOWN, 0);
	expect(SUPERBLOCK_BTRFS, 128 * MIB);
}

static void checks_the_ranges_of_ext4_without_a_checksum(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} attacks[] = {
		{4, 0},		{336, 1 << 22},
		{336, 1 << 21}, {336, UINT32_MAX}, /* blocks */
		{24, 7},	{24, UINT32_MAX},
		{32, 0},	{32, UINT32_MAX}, /* their size; of a group */
		{40, 0},	{40, UINT32_MAX},
		{88, 0},	{56, 0}, /* inodes; magic */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(attacks); i++) {
		make_device("ext4-no-checksum", 0, 64 * MIB);
		set_le32(data + 1024 + attacks[i].at, attacks[i].value);
		put(data, MOST, 0);
		expect(SUPERBLOCK_UNKNOWN, 0);
	}
	make_device("ext4-no-checksum", 0, 64 * MIB);
	set_le32(data + 1024 + 336, (1 << 21) - 1);
	set_le32(data + 2044, 0x99b854d8); /* outdated: tune2fs leaves it there */
	put(data, MOST, 0);
	expect(SUPERBLOCK_EXT4, (UINT64_C(1) << 63) - 4 * TIB + 64 * MIB);
}

static void a_device_may_lack_the_copy_of_xfs(void **state)
{
	(void)state;
	make_grown_xfs();
	expect(SUPERBLOCK_XFS, 480 * MIB);
	assert_int_equal(ftruncate(device, XFS_GROUP + 512), 0);
	expect(SUPERBLOCK_XFS, 480 * MIB);
	assert_int_equal(ftruncate(device, XFS_GROUP + 511), 0);
	expect(SUPERBLOCK_XFS, 320 * MIB);
	assert_int_equal(ftruncate(device, XFS_GROUP), 0);
	expect(SUPERBLOCK_XFS, 320 * MIB);
}

static void ignores_a_copy_of_another_filesystem(void **state)
{
	static const struct {
		size_t at, width;
		uint64_t value;
	} differences[] = {
		{47, 1, 0x77}, /* another filesystem */
		{4, 4, 8192},
		{84, 4, 20481},
		{102, 2, 1024}, /* block, group, sector */
		{8, 8, 6 * 20480 + 1},
		{8, 8, UINT64_MAX}, /* more than its groups have */
		{88, 4, 0},
		{88, 4, UINT32_MAX},
		{100, 2, 0xb4a4}, /* groups; version */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(differences); i++) {
		make_grown_xfs();
		set_be(copy + differences[i].at, differences[i].width, differences[i].value);
		seal_xfs(copy, XFS_GROUP);
		expect(SUPERBLOCK_XFS, 320 * MIB);
	}
	set_le32(copy + 224, 0); /* version 4 has no checksum to be wrong */
	put(copy, 512, XFS_GROUP);
	expect(SUPERBLOCK_XFS, 320 * MIB);
	make_grown_xfs();
	put((const uint8_t[]){'x'}, 1, 0); /* without the primary the copy is ignored */
	expect(SUPERBLOCK_UNKNOWN, 0);
}

/* `xfs_admin -U` was here: the copy has the same new UUID, or still the old one. */
static void reads_an_xfs_with_a_changed_uuid(void **state)
{
	(void)state;
	make_grown_xfs();
	load("xfs-new-uuid", data);
	put(data, 512, 0);
	expect(SUPERBLOCK_XFS, 480 * MIB);
	assert_int_equal(seen.uuid[0], 0xaa);
	memcpy(copy + 248, copy + 32, 16);
	memcpy(copy + 32, data + 32, 16);
	set_be(copy + 216, 4, 0xf);
	seal_xfs(copy, XFS_GROUP);
	expect(SUPERBLOCK_XFS, 480 * MIB);
	copy[248] ^= 1;
	seal_xfs(copy, XFS_GROUP);
	expect(SUPERBLOCK_XFS, 320 * MIB);
}

static void checks_the_ranges_of_xfs(void **state)
{
	static const struct {
		size_t at, width;
		uint64_t value;
	} attacks[] = {
		{4, 4, 0},
		{4, 4, 256},
		{4, 4, 4095},
		{4, 4, 131072},
		{8, 8, 0},
		{8, 8, 3 * 20480},
		{8, 8, 4 * 20480 + 1},
		{8, 8, UINT64_MAX},
		{8, 8, UINT64_C(1) << 52},
		{84, 4, 0},
		{84, 4, 63},
		{84, 4, 20479},
		{84, 4, UINT32_MAX},
		{88, 4, 0},
		{88, 4, 3},
		{88, 4, 5},
		{88, 4, UINT32_MAX},
		{102, 2, 0},
		{102, 2, 256},
		{102, 2, 513},
		{102, 2, 8192},
		{102, 2, 32768},
		{100, 2, 0xb4a3},
		{100, 2, 0xb4a6},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(attacks); i++) {
		make_device("xfs", 0, 320 * MIB);
		set_be(data + attacks[i].at, attacks[i].width, attacks[i].value);
		seal_xfs(data, 0);
		expect(SUPERBLOCK_UNKNOWN, 0);
	}
}

/* 8 EiB less a byte, which no block ends at. */
static void accepts_the_largest_sizes(void **state)
{
	(void)state;
	make_device("xfs", 0, 320 * MIB);
	set_be(data + 84, 4, 1 << 28);
	set_be(data + 88, 4, 1 << 23);
	set_be(data + 8, 8, (UINT64_C(1) << 51) - 1);
	seal_xfs(data, 0);
	expect(SUPERBLOCK_XFS, (UINT64_C(1) << 63) - 4096);
	set_be(data + 8, 8, UINT64_C(1) << 51);
	seal_xfs(data, 0);
	expect(SUPERBLOCK_UNKNOWN, 0);
	make_device("btrfs", BTRFS_AT, 128 * MIB);
	set_le32(data + 209, 0xfffff000);
	set_le32(data + 213, 0x7fffffff);
	seal_btrfs();
	expect(SUPERBLOCK_BTRFS, (UINT64_C(1) << 63) - 4096);
	set_le32(data + 213, 1U << 31);
	seal_btrfs();
	expect(SUPERBLOCK_UNKNOWN, 0);
}

/* The kernel mounts more kinds of checksums than are checked here. */
static void checks_the_ranges_of_btrfs_with_any_checksum(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} attacks[] = {
		{48, 0},     {52, 1},	    {64, 0},	       {136, 0},	  {136, 2},
		{140, 1},    {144, 0},	    {144, 6144},       {144, 1024},	  {148, 0},
		{148, 2048}, {148, 131072}, {216, UINT32_MAX}, {283, 0x12345678}, {188, 0x400},
	};

	(void)state;
	for (uint32_t kind = 0; kind <= 4; kind++) {
		make_device("btrfs", BTRFS_AT, 128 * MIB);
		data[196] = (uint8_t)kind;
		seal_btrfs();
		if (kind > 0) /* as CRC-32C it would be valid */
			expect(SUPERBLOCK_UNKNOWN, 0);
		memset(data + 4, 0x5a, 28);
		put(data, MOST, BTRFS_AT);
		expect(kind < 4 ? SUPERBLOCK_BTRFS : SUPERBLOCK_UNKNOWN, kind < 4 ? 128 * MIB : 0);
		for (size_t i = 0; i < COUNT_OF(attacks); i++) {
			make_device("btrfs", BTRFS_AT, 128 * MIB);
			data[196] = (uint8_t)kind;
			set_le32(data + attacks[i].at, attacks[i].value);
			memset(data + 4, 0x5a, 28);
			seal_btrfs();
			expect(SUPERBLOCK_UNKNOWN, 0);
		}
	}
}

/* `btrfstune -m` was here: the visible UUID is new, the devices' is the old one. */
static void reads_a_btrfs_with_a_changed_uuid(void **state)
{
	(void)state;
	make_device("btrfs", BTRFS_AT, 128 * MIB);
	memcpy(data + 571, data + 32, 16);
	data[32] = 0xaa;
	data[189] |= 0x04;
	seal_btrfs();
	expect(SUPERBLOCK_BTRFS, 128 * MIB);
	assert_int_equal(superblock_uuid(&seen)[0], 0xaa);
}

static void an_unknown_filesystem_has_no_uuid(void **state)
{
	(void)state;
	make_device("ext4", 0, 64 * MIB);
	expect(SUPERBLOCK_EXT4, 64 * MIB);
	assert_ptr_equal(superblock_uuid(&seen), seen.uuid);
	put((const uint8_t[]){0xde, 0xad}, 2, 1024 + 48);
	expect(SUPERBLOCK_UNKNOWN, 0);
	assert_null(superblock_uuid(&seen));
}

static void a_damaged_superblock_does_not_make_a_second_one_valid(void **state)
{
	(void)state;
	make_device("ext4", 0, 128 * MIB);
	load("btrfs", copy);
	put(copy, MOST, BTRFS_AT);
	expect(SUPERBLOCK_UNKNOWN, 0);
	put((const uint8_t[]){0}, 1, 2044);
	expect(SUPERBLOCK_UNKNOWN, 0);
	put(data, MOST, 0);
	put((const uint8_t[]){(uint8_t)~copy[0]}, 1, BTRFS_AT);
	expect(SUPERBLOCK_UNKNOWN, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_a_superblock, setup),
		cmocka_unit_test_setup(reads_large_block_counts, setup),
		cmocka_unit_test_setup(without_64bit_there_is_no_upper_half, setup),
		cmocka_unit_test_setup(reads_flags, setup),
		cmocka_unit_test_setup(reads_every_block_size, setup),
		cmocka_unit_test_setup(reads_bigalloc, setup),
		cmocka_unit_test_setup(reads_revision_0_inodes, setup),
		cmocka_unit_test_setup(refuses_values_out_of_range, setup),
		cmocka_unit_test_setup(accepts_the_bounds, setup),
		cmocka_unit_test_setup(survives_random_bytes, setup),
		cmocka_unit_test_setup_teardown(reads_superblocks_of_mkfs, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(a_truncated_superblock_is_ignored, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(a_blank_device_has_no_filesystem, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(a_device_that_cannot_be_read_is_an_error,
						open_device, close_device),
		cmocka_unit_test_setup_teardown(no_flipped_bit_goes_unnoticed, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(checks_the_ranges_of_ext4_without_a_checksum,
						open_device, close_device),
		cmocka_unit_test_setup_teardown(a_device_may_lack_the_copy_of_xfs, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(ignores_a_copy_of_another_filesystem, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(reads_an_xfs_with_a_changed_uuid, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(checks_the_ranges_of_xfs, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(accepts_the_largest_sizes, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(checks_the_ranges_of_btrfs_with_any_checksum,
						open_device, close_device),
		cmocka_unit_test_setup_teardown(reads_a_btrfs_with_a_changed_uuid, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(an_unknown_filesystem_has_no_uuid, open_device,
						close_device),
		cmocka_unit_test_setup_teardown(
			a_damaged_superblock_does_not_make_a_second_one_valid, open_device,
			close_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
