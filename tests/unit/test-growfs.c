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
	assert_int_equal(fs.group_cost_bytes, 2 * MIB);
	assert_int_equal(fs.slack_bytes, (128 + 512 + 5) * 4096);
	assert_true(fs.max_bytes == UINT64_MAX);
	assert_null(fs.obstacle);
	assert_false(fs.needs_settling);
}

static void knows_what_ext4_cannot_do(void **state)
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
	assert_int_equal(fs.group_cost_bytes, 64 * KIB);
	assert_int_equal(fs.xfs_blocks, 262144);
	assert_int_equal(fs.xfs_imaxpct, 25);
	assert_true(fs.needs_settling);
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
	assert_contains(why.text, "not one that can be grown");
}

/* /dev/dm-N is what udev made of it: what it is, is asked of the fd. */
static void does_not_believe_a_name_in_dev(void **state)
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

static void knows_what_growing_costs(void **state)
{
	(void)state;
	fs = (struct growfs){.bytes = GIB, .group_bytes = 128 * MIB, .group_cost_bytes = 2 * MIB};
	assert_int_equal(growfs_cost_bytes(&fs, 0), 0);
	assert_int_equal(growfs_cost_bytes(&fs, GIB), 0);
	assert_int_equal(growfs_cost_bytes(&fs, GIB + 4096), 2 * MIB);
	assert_int_equal(growfs_cost_bytes(&fs, 4 * GIB), (24 + 1) * 2 * MIB);
	fs.group_bytes = 0;
	assert_int_equal(growfs_cost_bytes(&fs, 4 * GIB), 0);
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

static void leaves_half_a_block(void **state)
{
	(void)state;
	arm(FS_EXT4, GIB, 4 * GIB);
	read_size();
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB - 512, &why), 0);
	assert_int_equal(fake_fs.bytes, 4 * GIB - 4096);
}

static void tells_when_the_device_is_too_short(void **state)
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
static void success_with_less_is_none(void **state)
{
	uint64_t slack = (128 + 512 + 5) * 4096;

	(void)state;
	less_by(4096, 0);
	less_by(slack, 0);
	less_by(slack + 4096, EIO);
	less_by(3 * GIB, EIO);
}

/* A smaller number would be an order to shrink. */
static void never_asks_xfs_for_less_than_it_has(void **state)
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

/* imaxpct may have been changed since; the call would set it back. */
static void leaves_imaxpct_as_it_is(void **state)
{
	(void)state;
	arm(FS_XFS, GIB, 4 * GIB);
	read_size();
	fake_fs.imaxpct = 5;
	assert_int_equal(growfs_grow(&rootfs, &fs, 4 * GIB, &why), 0);
	assert_int_equal(fs.xfs_imaxpct, 5);
}

static void drops_a_tail_of_xfs(void **state)
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
		FS_TEST(knows_what_ext4_cannot_do),
		FS_TEST(reads_xfs),
		FS_TEST(reads_btrfs),
		FS_TEST(reads_no_other_filesystem),
		FS_TEST(does_not_believe_a_name_in_dev),
		FS_TEST(needs_capabilities),
		cmocka_unit_test(knows_what_growing_costs),
		cmocka_unit_test(grows),
		FS_TEST(leaves_half_a_block),
		FS_TEST(tells_when_the_device_is_too_short),
		cmocka_unit_test(success_with_less_is_none),
		FS_TEST(never_asks_xfs_for_less_than_it_has),
		FS_TEST(leaves_imaxpct_as_it_is),
		FS_TEST(drops_a_tail_of_xfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
