/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growfs.h"

#include "fake-dm.h"
#include "fake-fs.h"
#include "unit.h"

static struct rootfs rootfs;
static struct growfs fs;
static struct why why;

static void arm(enum fs_type type, uint64_t bytes, uint64_t device_bytes)
{
	fake_dm_arm(device_bytes / 512);
	fake_fs_arm(type, bytes, &rootfs);
	fs = (struct growfs){0};
	why.text[0] = '\0';
}

static int teardown(void **state)
{
	(void)state;
	rootfs_close(&rootfs);
	fake_fs_disarm();
	fake_dm_disarm();
	return 0;
}

static void read_size(void)
{
	assert_int_equal(growfs_read(&rootfs, &fs, &why), 0);
}

static void reads_ext4(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, GIB);
	read_size();
	assert_int_equal(fs.type, FS_EXT4);
	assert_int_equal(fs.block_bytes, 4096);
	assert_int_equal(fs.bytes, GIB);
	assert_int_equal(fs.group_bytes, 128 * MIB);
	assert_int_equal(fs.group_metadata_bytes, (512 + 2) * 4096);
	assert_int_equal(fs.ext4.flex_groups, 16);
	assert_int_equal(fs.ext4.descriptors_per_block, 64);
	assert_int_equal(fs.ext4.descriptor_blocks, 128);
	assert_int_equal(fs.ext4.reserved_blocks, 127);
	assert_false(fs.ext4.backs_up_each_group);
	assert_int_equal(fs.slack_bytes, (128 + 512 + 5) * 4096);
	assert_true(fs.max_bytes == UINT64_MAX);
	assert_null(fs.obstacle);
	assert_false(fs.needs_settling);
	assert_true(fs.takes_long);
}

static void knows_the_limits_of_ext4(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, GIB);
	fake_fs.without_64bit = true;
	read_size();
	assert_true(fs.max_bytes == UINT64_C(0xffffffff) * 4096);
	fake_fs.error_flag = true;
	read_size();
	assert_contains(fs.obstacle, "e2fsck");
	fake_fs.error_flag = false;
	fake_fs.sparse_super2 = true;
	read_size();
	assert_contains(fs.obstacle, "sparse_super2");
}

static void reads_xfs(void **state)
{
	(void)state;
	arm(FS_XFS, GIB, GIB);
	read_size();
	assert_int_equal(fs.block_bytes, 4096);
	assert_int_equal(fs.bytes, GIB);
	assert_int_equal(fs.slack_bytes, 64 * 4096);
	assert_int_equal(fs.group_bytes, 256 * MIB);
	assert_int_equal(fs.group_metadata_bytes, 11 * 4096);
	assert_int_equal(fs.xfs_blocks, 262144);
	assert_int_equal(fs.xfs_imaxpct, 25);
	assert_true(fs.needs_settling);
	assert_true(fs.takes_long);
	assert_null(fs.obstacle);
}

static void reads_btrfs(void **state)
{
	(void)state;
	arm(FS_BTRFS, GIB, GIB);
	read_size();
	assert_int_equal(fs.block_bytes, 4096);
	assert_int_equal(fs.bytes, GIB);
	assert_int_equal(fs.slack_bytes, 4096);
	assert_int_equal(fs.btrfs_devid, 1);
	assert_int_equal(fs.group_bytes, 0);
	assert_false(fs.needs_settling);
	assert_false(fs.takes_long);
	assert_null(fs.obstacle);
	fake_fs.btrfs_devices = 2;
	read_size();
	assert_contains(fs.obstacle, "more than one device");
}

static void reads_no_other_filesystem(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, GIB);
	rootfs.fs = FS_OTHER;
	assert_int_equal(growfs_read(&rootfs, &fs, &why), -ENOTSUP);
	assert_contains(why.text, "only ext4, XFS and btrfs can");
}

/* udev may have replaced /dev/dm-N: the type of the opened file is checked. */
static void does_not_trust_a_name_in_dev(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, GIB);
	fake_fs.device_is_another = true;
	assert_int_equal(growfs_read(&rootfs, &fs, &why), -ENOTBLK);
	fake_fs.device_is_another = false;
	fake_fs.device_is_a_file = true;
	assert_int_equal(growfs_read(&rootfs, &fs, &why), -ENOTBLK);
	fake_fs.device_is_a_file = false;
	fake_fs.device_is_short = true;
	assert_int_equal(growfs_read(&rootfs, &fs, &why), -EIO);
	rootfs.dev = makedev(FAKE_MAJOR, 99999);
	assert_int_equal(growfs_read(&rootfs, &fs, &why), -ENOENT);
	assert_contains(why.text, "ext4: reading the filesystem's size");
}

static void needs_capabilities(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, GIB);
	assert_int_equal(growfs_check_privileges(&why), 0);
	fake_fs.lacks_capability = CAP_SYS_ADMIN;
	assert_int_equal(growfs_check_privileges(&why), -EPERM);
	assert_contains(why.text, "CAP_SYS_ADMIN");
	fake_fs.lacks_capability = CAP_SYS_RESOURCE;
	assert_int_equal(growfs_check_privileges(&why), -EPERM);
	assert_contains(why.text, "CAP_SYS_RESOURCE");
	fake_fs.lacks_capability = CAP_NET_ADMIN;
	assert_int_equal(growfs_check_privileges(&why), 0);
}

/*
 * How much growths took from a pool (Linux 6.1 and 6.12; the larger of the two), on a snapshot of a
 * fresh filesystem, as containers have it, after lazy initialisation and unmounting.
 */
#define XFS(groups_mib)	   FS_XFS, groups_mib, 44, 0, 0, 0, 4
#define EXT4		   FS_EXT4, 128, 2056, 16, 1, 127, 4
#define EXT4_LARGE	   FS_EXT4, 128, 2056, 16, 2, 1022, 4
#define EXT4_NO_FLEX	   FS_EXT4, 128, 2056, 1, 1, 127, 4
#define EXT4_LARGE_NO_FLEX FS_EXT4, 128, 2056, 1, 2, 1022, 4
#define EXT4_1K		   FS_EXT4, 8, 130, 16, 8, 256, 1
#define EXT4_META_BG	   FS_EXT4, 128, 2056, 16, 1, 0, 4
#define EXT4_MANY_INODES   FS_EXT4, 128, 8200, 16, 1, 127, 4
#define BTRFS		   FS_BTRFS, 0, 0, 0, 0, 0, 4

static const struct growth {
	enum fs_type type;
	uint64_t group_mib, metadata_kib;
	uint32_t flex_groups, used_blocks, reserved_blocks, block_kib;
	uint64_t pool_block_kib, from_mib, to_mib, measured_blocks;
} growths[] = {
	{XFS(128), 64, 1024, 4096, 32},
	{XFS(128), 64, 1024, 10240, 80},
	{XFS(128), 64, 1024, 40960, 320},
	{XFS(640), 64, 10240, 61440, 96},
	{XFS(128), 512, 1024, 40960, 319},
	{XFS(640), 512, 10240, 61440, 95},
	{XFS(127), 4096, 1024, 4096, 32},
	{XFS(127), 4096, 1024, 40960, 322},
	{XFS(639), 4096, 10240, 61440, 96},
	{XFS(128), 64, 1024, 102400, 800},
	{XFS(128), 1024, 1024, 20480, 159},
	{XFS(127), 4096, 1024, 102400, 806},
	{XFS(75), 64, 300, 10240, 136},
	{XFS(75), 4096, 300, 10240, 136},
	{XFS(128), 192, 1024, 20480, 160},
	{EXT4, 192, 1024, 20480, 1672},
	{EXT4, 1024, 1024, 20480, 327},
	{EXT4_LARGE, 1024, 10240, 40960, 532},
	{EXT4_NO_FLEX, 1024, 1024, 20480, 463},
	{EXT4_LARGE_NO_FLEX, 1024, 10240, 40960, 754},
	{BTRFS, 1024, 1024, 20480, 6},
	{EXT4, 64, 1024, 4096, 825},
	{EXT4, 64, 1024, 10240, 2385},
	{EXT4, 64, 1024, 20480, 4966},
	{EXT4, 64, 1024, 40960, 10173},
	{EXT4_LARGE, 64, 10240, 61440, 13442},
	{EXT4, 512, 1024, 4096, 111},
	{EXT4, 512, 1024, 10240, 309},
	{EXT4, 512, 1024, 20480, 639},
	{EXT4, 512, 1024, 40960, 1298},
	{EXT4_LARGE, 512, 10240, 61440, 1711},
	{EXT4, 4096, 1024, 4096, 22},
	{EXT4, 4096, 1024, 20480, 98},
	{EXT4, 4096, 1024, 40960, 190},
	{EXT4_LARGE, 4096, 10240, 61440, 247},
	{EXT4_NO_FLEX, 64, 1024, 4096, 839},
	{EXT4_NO_FLEX, 64, 1024, 10240, 2434},
	{EXT4_NO_FLEX, 64, 1024, 40960, 10399},
	{EXT4_LARGE_NO_FLEX, 64, 10240, 61440, 13737},
	{EXT4_NO_FLEX, 512, 1024, 4096, 130},
	{EXT4_NO_FLEX, 512, 1024, 40960, 1578},
	{EXT4_LARGE_NO_FLEX, 512, 10240, 61440, 2076},
	{EXT4_NO_FLEX, 4096, 1024, 40960, 318},
	{EXT4_1K, 64, 1024, 10240, 2446},
	{EXT4_1K, 4096, 1024, 10240, 87},
	{EXT4_META_BG, 64, 1024, 10240, 2325},
	{EXT4_META_BG, 4096, 1024, 10240, 52},
	{EXT4_MANY_INODES, 64, 1024, 10240, 9284},
	{EXT4_MANY_INODES, 4096, 1024, 10240, 159},
	{BTRFS, 64, 1024, 4096, 10},
	{BTRFS, 64, 10240, 61440, 8},
	{BTRFS, 512, 1024, 40960, 6},
	{BTRFS, 4096, 1024, 40960, 6},
};

static struct growfs fs_before(const struct growth *growth)
{
	return (struct growfs){
		.type = growth->type,
		.block_bytes = growth->block_kib * 1024,
		.bytes = growth->from_mib * MIB,
		.group_bytes = growth->group_mib * MIB,
		.group_metadata_bytes = growth->metadata_kib * KIB,
		.ext4 = {.flex_groups = growth->flex_groups,
			 .descriptors_per_block = growth->block_kib * 16,
			 .descriptor_blocks = growth->used_blocks + growth->reserved_blocks,
			 .reserved_blocks = growth->reserved_blocks,
			 .has_meta_bg = growth->reserved_blocks == 0},
	};
}

/* Never below the measured value, and not far above it. */
static void knows_the_cost_of_growing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(growths); i++) {
		const struct growth *growth = &growths[i];
		uint64_t measured = growth->measured_blocks, cost;

		fs = fs_before(growth);
		cost = growfs_cost_blocks(&fs, growth->to_mib * MIB, growth->pool_block_kib * KIB);
		if (cost < measured || cost > measured + measured / 8 + 20)
			fail_msg("growth %zu: %ju blocks were measured, %ju are expected", i,
				 (uintmax_t)measured, (uintmax_t)cost);
	}
}

static void each_filesystem_has_a_name_and_a_measured_cost(void **state)
{
	(void)state;
	for (enum fs_type type = FS_OTHER + 1; type < FS_TYPES; type++) {
		size_t i = 0;

		assert_string_not_equal(fs_type_name(type), fs_type_name(FS_OTHER));
		while (i < COUNT_OF(growths) && growths[i].type != type)
			i++;
		if (i == COUNT_OF(growths))
			fail_msg("no growth of %s was measured", fs_type_name(type));
	}
}

/* 8 groups more, in a filesystem that has 161 because it was grown before. */
static void knows_the_cost_of_growing_again(void **state)
{
	static const struct growth on = {XFS(127), 4096, 20480, 21504, 8};
	uint64_t cost;

	(void)state;
	fs = fs_before(&on);
	cost = growfs_cost_blocks(&fs, on.to_mib * MIB, on.pool_block_kib * KIB);
	assert_in_range(cost, on.measured_blocks, on.measured_blocks + 45);
}

static void the_cost_is_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(growths); i++) {
		fs = fs_before(&growths[i]);
		assert_int_equal(growfs_cost_blocks(&fs, 0, 64 * KIB), 0);
		assert_int_equal(growfs_cost_blocks(&fs, fs.bytes, 64 * KIB), 0);
		assert_true(growfs_cost_blocks(&fs, fs.bytes + 4096, 64 * KIB) > 0);
		/* never more than the whole device has */
		assert_int_equal(growfs_cost_blocks(&fs, 100 * GIB, GIB) > 100, 0);
		/* the largest possible value */
		assert_true(growfs_cost_blocks(&fs, UINT64_C(1) << 63, 64 * KIB) <=
			    (UINT64_C(1) << 63) / (64 * KIB));
	}
}

static const char *caution(uint64_t group_mib, uint64_t from_gib, uint64_t to_gib)
{
	fake_fs_arm(FS_XFS, from_gib * GIB, &rootfs);
	fake_fs.ag_blocks = (uint32_t)(group_mib * MIB / 4096);
	read_size();
	rootfs_close(&rootfs);
	fake_fs_disarm();
	why.text[0] = '\0';
	return growfs_caution(&fs, to_gib * GIB, &why) ? why.text : NULL;
}

static void warns_of_an_xfs_made_for_a_far_smaller_disk(void **state)
{
	(void)state;
	fake_dm_arm(GIB / 512);
	/* made for 1 GiB: 8 groups */
	assert_null(caution(128, 1, 10));
	assert_contains(caution(128, 1, 11), "the filesystem has 88 allocation groups");
	/* also from a size in between, but not if it already has so many groups */
	assert_contains(caution(128, 9, 11), "88 allocation groups");
	assert_null(caution(128, 11, 11));
	/* made for 10 GiB: 16 groups */
	assert_null(caution(640, 10, 100));
	assert_contains(caution(640, 10, 1024), "1639 allocation groups");
	/* ext4 has as many groups as it needs */
	arm(FS_EXT4, GIB, GIB);
	read_size();
	assert_false(growfs_caution(&fs, TIB, &why));
}

static void counts_the_blocks_that_a_run_touches(void **state)
{
	(void)state;
	assert_int_equal(growfs_run_blocks(0, GIB, 64 * KIB), 0);
	assert_int_equal(growfs_run_blocks(1, GIB, 64 * KIB), 1);
	assert_int_equal(growfs_run_blocks(64 * KIB, GIB, 64 * KIB), 1);
	assert_int_equal(growfs_run_blocks(64 * KIB + 1, GIB, 64 * KIB), 2);
	/* it may begin within a block, but must not reach the next one */
	assert_int_equal(growfs_run_blocks(MIB, 127 * MIB, 4 * MIB), 1);
	assert_int_equal(growfs_run_blocks(MIB + 1, 127 * MIB, 4 * MIB), 2);
	/* it may begin at the last 4 KiB of a block */
	assert_int_equal(growfs_run_blocks(4096, 4096, 64 * KIB), 1);
	assert_int_equal(growfs_run_blocks(8192, 4096, 64 * KIB), 2);
}

static void grow_each(enum fs_type type)
{
	arm(type, GIB, 4 * GIB);
	read_size();
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB, &why), 0);
	assert_int_equal(fake_fs.bytes, 4 * GIB);
	assert_int_equal(fs.bytes, 4 * GIB); /* read again */
	assert_int_equal(fake_fs.grows, 1);
	teardown(NULL);
}

static void grows(void **state)
{
	(void)state;
	grow_each(FS_EXT4);
	grow_each(FS_XFS);
	grow_each(FS_BTRFS);
}

static void rounds_down_to_whole_blocks(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, 4 * GIB);
	read_size();
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB - 512, &why), 0);
	assert_int_equal(fake_fs.bytes, 4 * GIB - 4096);
}

static void fails_if_the_device_is_too_short(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, 2 * GIB);
	read_size();
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB, &why), -ENOSPC);
	assert_contains(why.text, "growing ext4 from 1073741824 to 4294967296 bytes");
	assert_int_equal(fake_fs.bytes, GIB);
}

static void less_by(uint64_t bytes, int err)
{
	arm(FS_EXT4, GIB, 4 * GIB);
	read_size();
	fake_fs.grow_less = bytes;
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB, &why), -err);
	teardown(NULL);
}

/* The descriptors of 32 groups fit into one block, as do those of 8. */
static void success_with_a_smaller_size_is_a_failure(void **state)
{
	uint64_t slack = (128 + 512 + 5) * 4096;

	(void)state;
	less_by(4096, 0);
	less_by(slack, 0);
	less_by(slack + 4096, EIO);
	less_by(3 * GIB, EIO);
}

/* A smaller number would be a request to shrink. */
static void never_asks_xfs_for_less_than_its_size(void **state)
{
	(void)state;
	arm(FS_XFS, GIB, 8 * GIB);
	read_size();
	fake_fs.bytes = 4 * GIB; /* since then */
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB, &why), 0);
	assert_int_equal(growfs_grow(&rootfs, &fs, 2 * GIB, &why), 0);
	assert_int_equal(fake_fs.grows, 0);
	assert_int_equal(fs.bytes, 4 * GIB);
}

/* imaxpct may have changed since; the call would reset it. */
static void keeps_imaxpct(void **state)
{
	(void)state;
	arm(FS_XFS, GIB, 4 * GIB);
	read_size();
	fake_fs.imaxpct = 5;
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB, &why), 0);
	assert_int_equal(fs.xfs_imaxpct, 5);
}

static void accepts_that_xfs_drops_a_short_group(void **state)
{
	(void)state;
	arm(FS_XFS, GIB, 4 * GIB);
	read_size();
	fake_dm.thin.live.sectors += 63 * 8;
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB + 63 * 4096, &why), 0);
	assert_int_equal(fs.bytes, 4 * GIB);
}

#define FS_TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(reads_ext4),
		FS_TEST(knows_the_limits_of_ext4),
		FS_TEST(reads_xfs),
		FS_TEST(reads_btrfs),
		FS_TEST(reads_no_other_filesystem),
		FS_TEST(does_not_trust_a_name_in_dev),
		FS_TEST(needs_capabilities),
		cmocka_unit_test(knows_the_cost_of_growing),
		cmocka_unit_test(each_filesystem_has_a_name_and_a_measured_cost),
		cmocka_unit_test(knows_the_cost_of_growing_again),
		cmocka_unit_test(the_cost_is_within_its_bounds),
		cmocka_unit_test(counts_the_blocks_that_a_run_touches),
		FS_TEST(warns_of_an_xfs_made_for_a_far_smaller_disk),
		cmocka_unit_test(grows),
		FS_TEST(rounds_down_to_whole_blocks),
		FS_TEST(fails_if_the_device_is_too_short),
		cmocka_unit_test(success_with_a_smaller_size_is_a_failure),
		FS_TEST(never_asks_xfs_for_less_than_its_size),
		FS_TEST(keeps_imaxpct),
		FS_TEST(accepts_that_xfs_drops_a_short_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
