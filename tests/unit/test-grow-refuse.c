/* SPDX-License-Identifier: Apache-2.0 */

/* Devices and filesystems that must not be touched: nothing is loaded. */

#include "fake-clock.h"
#include "grow-fixture.h"

#include <sys/statvfs.h>
#include <sys/vfs.h>

static void refuse(const char *pool_status, const char *reason)
{
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "%s", pool_status);
	expect_result(GROW_REFUSED);
	assert_contains(why.text, "docker-pool");
	assert_contains(why.text, reason);
	assert_not_changed();
	order.dry_run = true;
	expect_result(GROW_REFUSED);
	assert_contains(why.text, reason);
	assert_int_equal(fake_dm.count[DM_DEVICE_RELOAD], 0);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 0);
	order.dry_run = false;
}

#define POOL_TAIL  "discard_passdown queue_if_no_space"
#define LARGE_POOL "0 100/262144 1000/16777216 - rw " POOL_TAIL " - 1024"

static void refuses_on_a_pool_in_trouble(void **state)
{
	(void)state;
	refuse("0 100/4096 1000/1638400 - ro " POOL_TAIL " - 1024", "read-only");
	refuse("0 100/4096 1000/1638400 - out_of_data_space " POOL_TAIL " - 1024", "out of data");
	refuse("0 100/4096 1000/1638400 - rw " POOL_TAIL " needs_check 1024", "needs_check");
	refuse("0 100/4096 1000/1638400 - ro " POOL_TAIL " needs_check 1024", "needs_check");
	refuse("Fail", "failed");
	refuse("Error", "in error");
}

static void refuses_above_the_pools_limits(void **state)
{
	(void)state;
	refuse("0 100/4096 1572865/1638400 - rw " POOL_TAIL " - 1024", "96.0 % of its data");
	refuse("0 3728/4096 1000/1638400 - rw " POOL_TAIL " - 1024", "91.0 % of its metadata");
}

static void grows_up_to_the_pools_limits(void **state)
{
	(void)state;
	order.marks = (struct pool_marks){97, 92, 0};
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "%s",
		 "0 3727/4096 1572864/1638400 - rw " POOL_TAIL " - 1024");
	expect_result(GROW_DONE);
	assert_large();
}

static void fails_if_the_pool_cannot_be_read(void **state)
{
	(void)state;
	fake_dm.pool_status[0] = '\0';
	expect_error(EINVAL, "pool 1234:3: reading its status");
	assert_not_changed();
	fake_dm.pool.gone = true;
	assert_true(grow() < 0);
	assert_contains(why.text, "pool 1234:3");
	assert_not_changed();
}

static void does_not_touch_a_read_only_device(void **state)
{
	(void)state;
	fake_dm.thin.read_only = true;
	expect_error(EROFS, "is read-only");
	assert_not_changed();
}

static void does_not_touch_a_device_with_a_pending_removal(void **state)
{
	(void)state;
	fake_dm.thin.deferred_remove = true;
	expect_postponed("about to be removed");
	assert_not_changed();
}

/* The kernel would wait for the thaw, and nothing could end that. */
static void a_frozen_filesystem_is_waited_for_in_vain(void **state)
{
	(void)state;
	fake_clock(false);
	fake_fs.frozen = true;
	order.timeout_ms = 50;
	expect_postponed("its filesystem is frozen");
	assert_contains(why.text, "fsfreeze -u");
	assert_untouched();
	fake_fs_thaw();
	assert_next_run_finishes();
}

static void expect_not_applicable(const char *reason)
{
	expect_result(GROW_NOT_APPLICABLE);
	assert_contains(why.text, reason);
	assert_untouched();
}

static void does_not_touch_devices_of_other_managers(void **state)
{
	static const char *const uuids[] = {"LVM-abc", "CRYPT-LUKS2-1", "mpath-360", "stratis-1-x",
					    "part1-LVM-a"};

	for (size_t i = 0; i < COUNT_OF(uuids); i++) {
		start_again(state);
		fake_dm.thin.uuid = uuids[i];
		expect_not_applicable("belongs to another manager");
		assert_contains(why.text, uuids[i]);
	}
}

static void does_not_touch_what_is_not_one_thin_target(void **state)
{
	(void)state;
	fake_dm.thin.live.targets = 2;
	expect_not_applicable("has 2 targets");
	fake_dm.thin.live.targets = 1;
	fake_dm.thin.live.target = "linear";
	expect_not_applicable("is dm target \"linear\", not thin");
	fake_dm.thin.live = (struct fake_table){0};
	expect_not_applicable("not thin");
	rootfs.dev = makedev(8, 1);
	expect_not_applicable("not a thin device");
	rootfs.dev = 0;
	expect_not_applicable("not a thin device; its space is the host filesystem's");
}

static void does_not_touch_other_filesystems(void **state)
{
	(void)state;
	free(rootfs.fs_name);
	rootfs.fs_name = strdup("f2fs");
	rootfs.fs = FS_OTHER;
	expect_not_applicable("f2fs");
}

/* Like the rootfs of the vfs drivers, which share a filesystem with all other directories. */
static void does_not_touch_a_shared_filesystem(void **state)
{
	char *deep = path_in(fake_fs.directory, "a/b/c");

	(void)state;
	mkdir_in(fake_fs.directory, "a");
	mkdir_in(fake_fs.directory, "a/b");
	mkdir_in(fake_fs.directory, "a/b/c");
	close(rootfs.fd);
	rootfs.fd = open(deep, O_RDONLY | O_CLOEXEC);
	assert_true(rootfs.fd >= 0);
	free(deep);
	expect_not_applicable("inside a larger filesystem");
}

static void does_not_touch_the_hosts_own_filesystem(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat("/", &st), 0);
	rootfs.dev = fake_dm.thin.dev = st.st_dev;
	expect_not_applicable("filesystem of the host's /");
}

/* --- the mount is read-only ------------------------------------------------------------------ */

static void grows_through_a_writable_clone_of_a_read_only_mount(void **state)
{
	struct statfs sfs;

	(void)state;
	rootfs.read_only = fake_fs.mount_read_only = true;
	expect_result(GROW_DONE);
	assert_large();
	assert_false(rootfs.read_only);
	assert_int_equal(fstatfs(rootfs.fd, &sfs), 0);
	assert_false(sfs.f_flags & ST_RDONLY);
}

static void does_not_touch_a_read_only_filesystem(void **state)
{
	(void)state;
	rootfs.read_only = fake_fs.mount_read_only = fake_fs.read_only = true;
	expect_error(EROFS, "the filesystem itself is mounted read-only");
	assert_not_changed();
}

static void does_not_touch_a_mount_that_cannot_be_made_writable(void **state)
{
	(void)state;
	rootfs.read_only = fake_fs.mount_read_only = true;
	fake_fs.setattr_errno = EPERM;
	expect_error(EPERM, "mount_setattr");
	assert_not_changed();
	fake_fs.clone_errno = EPERM;
	expect_error(EPERM, "open_tree");
	assert_not_changed();
	/* There is no other mount of this device, either. */
	fake_fs.setattr_errno = ENOSYS;
	fake_fs.clone_errno = 0;
	expect_error(EROFS, "Linux before 5.12");
	assert_not_changed();
}

/* --- ext4 ------------------------------------------------------------------------------------ */

/* The kernel would not notice, and the filesystem would be lost. */
static void respects_the_limit_of_ext4_without_64bit(void **state)
{
	(void)state;
	fake_fs.without_64bit = true;
	order.want_bytes = 16 * TIB;
	expect_error(EPERM, "without the feature 64bit");
	assert_not_changed();
	order.want_bytes = 16 * TIB - 4096;
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "%s", LARGE_POOL);
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.bytes, 16 * TIB - 4096);
}

static void grows_ext4_with_64bit_beyond_16_tib(void **state)
{
	(void)state;
	order.want_bytes = 17 * TIB;
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "%s", LARGE_POOL);
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.bytes, 17 * TIB);
	assert_int_equal(report.fs.bytes, 17 * TIB);
}

static void does_not_touch_ext4_with_an_error_flag(void **state)
{
	(void)state;
	fake_fs.error_flag = true;
	expect_error(EPERM, "run e2fsck");
	assert_not_changed();
}

static void does_not_touch_what_the_ext2_driver_mounted(void **state)
{
	(void)state;
	fake_fs.is_ext2s = true;
	expect_error(EPERM, "mount it as ext4");
	assert_not_changed();
}

static void does_not_touch_ext4_with_sparse_super2(void **state)
{
	(void)state;
	fake_fs.sparse_super2 = true;
	expect_error(EPERM, "sparse_super2");
	assert_not_changed();
}

/* Growing ext4 from 1 GiB to 4 TiB costs 64 GiB of inode tables, which the pool does not have. */
static void counts_the_filesystems_own_metadata(void **state)
{
	(void)state;
	order.want_bytes = 4 * TIB;
	refuse("0 100/4096 655360/1638400 - rw " POOL_TAIL " - 1024",
	       "40.0 % of its data in use, 104.6 % with the 64.641 GiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_FS(refuses_on_a_pool_in_trouble),
		EACH_FS(refuses_above_the_pools_limits),
		EACH_FS(grows_up_to_the_pools_limits),
		EACH_FS(fails_if_the_pool_cannot_be_read),
		EACH_FS(does_not_touch_a_read_only_device),
		EACH_FS(does_not_touch_a_device_with_a_pending_removal),
		EACH_FS(a_frozen_filesystem_is_waited_for_in_vain),
		EACH_FS(does_not_touch_devices_of_other_managers),
		EACH_FS(does_not_touch_what_is_not_one_thin_target),
		EACH_FS(does_not_touch_other_filesystems),
		EACH_FS(does_not_touch_a_shared_filesystem),
		EACH_FS(does_not_touch_the_hosts_own_filesystem),
		EACH_FS(grows_through_a_writable_clone_of_a_read_only_mount),
		EACH_FS(does_not_touch_a_read_only_filesystem),
		EACH_FS(does_not_touch_a_mount_that_cannot_be_made_writable),
		FS_TEST(respects_the_limit_of_ext4_without_64bit, FS_EXT4),
		FS_TEST(grows_ext4_with_64bit_beyond_16_tib, FS_EXT4),
		FS_TEST(does_not_touch_ext4_with_an_error_flag, FS_EXT4),
		FS_TEST(does_not_touch_ext4_with_sparse_super2, FS_EXT4),
		FS_TEST(does_not_touch_what_the_ext2_driver_mounted, FS_EXT4),
		FS_TEST(counts_the_filesystems_own_metadata, FS_EXT4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
