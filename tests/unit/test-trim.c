/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/trim.h"

#include "disk/vm-mark.h"
#include "fake-dm.h"
#include "fake-fs.h"
#include "unit.h"

#define SECTORS UINT64_C(8388608)
#define BLOCK	(64 * KIB)
#define GROUP	(128 * MIB) /* of ext4 */

static struct rootfs rootfs;
static struct trim_order order;
static struct trim_report report;
static struct why why;
static char *directory, *run_dir, *ledger_dir;

static void arm(enum fs_type type)
{
	fake_dm_arm(SECTORS);
	fake_fs_arm(type, 4 * GIB, &rootfs);
	directory = new_directory();
	run_dir = path_in(directory, "run");
	ledger_dir = path_in(directory, "ledger");
	order = (struct trim_order){.frozen_ms = 60000, .ledger_dir = ledger_dir};
}

static int setup(void **state)
{
	arm(*state ? *(enum fs_type *)*state : FS_EXT4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	trim_report_free(&report);
	report = (struct trim_report){.result = TRIM_DONE};
	rootfs_close(&rootfs);
	remove_directory(directory);
	free(run_dir);
	free(ledger_dir);
	fake_fs_disarm();
	fake_dm_disarm();
	return 0;
}

static int trim(void)
{
	trim_report_free(&report);
	why.text[0] = '\0';
	return trim_rootfs(&rootfs, &order, &report, &why);
}

static void expect(enum trim_result result, const char *reason)
{
	assert_int_equal(trim(), 0);
	assert_int_equal(report.result, result);
	assert_contains(why.text, reason);
}

static void expect_untouched(enum trim_result result, const char *reason)
{
	expect(result, reason);
	assert_int_equal(fake_fs.trims, 0);
	assert_false(report.measured);
}

/* --- what comes back ------------------------------------------------------------------------- */

static void what_was_deleted_comes_back(void **state)
{
	(void)state;
	fake_fs.trim_blocks = 8000;
	expect(TRIM_DONE, "");
	assert_true(report.measured);
	assert_int_equal(report.before.mapped_bytes, 20000 * BLOCK);
	assert_int_equal(report.after.mapped_bytes, 12000 * BLOCK);
	assert_int_equal(report.before.pool_bytes, 100000 * BLOCK);
	assert_int_equal(report.after.pool_bytes, 92000 * BLOCK);
	assert_int_equal(trim_unmapped_bytes(&report), 8000 * BLOCK);
	assert_int_equal(trim_returned_bytes(&report), 8000 * BLOCK);
	assert_int_equal(fake_fs.syncs, 1);
	assert_int_equal(fake_dm.count[DM_DEVICE_RELOAD] + fake_dm.count[DM_DEVICE_RESUME], 0);
}

static void shared_blocks_do_not_come_back(void **state)
{
	(void)state;
	fake_fs.trim_blocks = 8000;
	fake_fs.trim_shared_blocks = 7000;
	expect(TRIM_DONE, "");
	assert_int_equal(trim_unmapped_bytes(&report), 8000 * BLOCK);
	assert_int_equal(trim_returned_bytes(&report), 1000 * BLOCK);
}

static void others_that_use_the_pool_are_not_counted(void **state)
{
	(void)state;
	report = (struct trim_report){.before = {100, 1000}, .after = {60, 1200}};
	assert_int_equal(trim_returned_bytes(&report), 0);
	report.after.pool_bytes = 200;
	assert_int_equal(trim_returned_bytes(&report), 40);
	report.after.mapped_bytes = 120;
	assert_int_equal(trim_unmapped_bytes(&report), 0);
	assert_int_equal(trim_returned_bytes(&report), 0);
}

/* Since Linux 6.7. */
static void waits_for_what_xfs_discards_in_the_background(void **state)
{
	(void)state;
	fake_dm.unmap_later_blocks = 900;
	fake_dm.unmap_per_look_blocks = 100;
	expect(TRIM_DONE, "");
	assert_int_equal(fake_dm.unmap_later_blocks, 0);
	assert_int_equal(trim_returned_bytes(&report), 800 * BLOCK); /* one look was before */
}

static void a_dry_run_discards_nothing(void **state)
{
	(void)state;
	order.dry_run = true;
	expect(TRIM_DONE, "");
	assert_int_equal(fake_fs.trims + fake_fs.syncs + fake_dm.commits, 0);
	assert_true(report.measured);
	report.fs_used_bytes = 5000 * BLOCK;
	assert_int_equal(trim_returnable_bytes(&report), 15000 * BLOCK);
	report.fs_used_bytes = 25000 * BLOCK;
	assert_int_equal(trim_returnable_bytes(&report), 0);
}

/* --- ranges ---------------------------------------------------------------------------------- */

static void ranges_cover_all_of_it_once(void **state)
{
	static const struct growfs filesystems[] = {
		{.bytes = 100 * MIB, .group_bytes = GROUP},
		{.bytes = GIB, .group_bytes = GROUP},
		{.bytes = 10 * GIB + 4 * KIB, .group_bytes = 640 * MIB},
		{.bytes = 1000 * GIB, .group_bytes = GROUP},
		{.bytes = 8 * TIB, .group_bytes = TIB - 4 * KIB},
		{.bytes = UINT64_C(1) << 62, .group_bytes = GROUP},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(filesystems); i++) {
		const struct growfs *fs = &filesystems[i];
		uint64_t end, n = 0;

		for (uint64_t from = 0; from < fs->bytes; from = end, n++) {
			end = trim_range_end(fs, from);
			assert_true(end > from && end <= fs->bytes);
			assert_true(end == fs->bytes || end % fs->group_bytes == 0);
		}
		assert_true(n <= 101);
	}
}

static void btrfs_is_trimmed_in_one_range(void **state)
{
	(void)state;
	expect(TRIM_DONE, "");
	assert_int_equal(fake_fs.trims, 1);
	assert_contains(fake_dm.log, "trim 0+18446744073709551615 min 65536");
}

static void no_shorter_range_is_discarded_than_a_pool_block(void **state)
{
	(void)state;
	expect(TRIM_DONE, "");
	assert_string_equal(fake_dm.log,
			    "trim 0+1073741824 min 65536, trim 1073741824+1073741824 min 65536, "
			    "trim 2147483648+1073741824 min 65536, "
			    "trim 3221225472+1073741824 min 65536");
}

static uint64_t done_bytes;

static bool stop_at_half(uint64_t done, uint64_t all, void *context)
{
	assert_int_equal(all, 4 * GIB);
	assert_null(context);
	done_bytes = done;
	return done < 2 * GIB;
}

static void can_be_interrupted_between_two_ranges(void **state)
{
	(void)state;
	fake_fs.trim_blocks = 300;
	order.progress = stop_at_half;
	expect(TRIM_INTERRUPTED, "");
	assert_int_equal(fake_fs.trims, 2);
	assert_int_equal(done_bytes, 2 * GIB);
	assert_true(report.measured);
	assert_int_equal(trim_returned_bytes(&report), 300 * BLOCK);
}

/* --- what is not trimmed --------------------------------------------------------------------- */

static void a_frozen_filesystem_is_skipped(void **state)
{
	(void)state;
	fake_fs.frozen = true;
	order.frozen_ms = 50;
	expect_untouched(TRIM_SKIPPED, "its filesystem is frozen");
	assert_false(report.is_pools);
	assert_int_equal(fake_fs.syncs, 0);
}

static void a_suspended_device_is_skipped(void **state)
{
	(void)state;
	fake_dm_suspend_by_another(0);
	expect_untouched(TRIM_SKIPPED, "is still suspended by another program");
}

static void a_suspended_pool_is_skipped(void **state)
{
	(void)state;
	fake_dm_suspend_pool(0);
	expect_untouched(TRIM_SKIPPED, "because its pool \"docker-pool\" is");
}

/* A snapshot is being taken. */
static void a_short_suspend_is_waited_for(void **state)
{
	(void)state;
	fake_dm_suspend_by_another(3);
	fake_fs.trim_blocks = 8;
	expect(TRIM_DONE, "");
	assert_int_equal(trim_returned_bytes(&report), 8 * BLOCK);
	assert_false(fake_dm.resumed_anothers);
}

static void what_is_read_only_is_skipped(void **state)
{
	(void)state;
	rootfs.read_only = true;
	expect_untouched(TRIM_SKIPPED, "its rootfs is read-only");
	rootfs.read_only = false;
	fake_dm.thin.read_only = true;
	expect_untouched(TRIM_SKIPPED, "its rootfs is read-only");
}

static void the_disk_of_a_virtual_machine_is_skipped(void **state)
{
	const struct vm_mark_order mark = {run_dir, ledger_dir, 5000};
	struct thin_device device;

	(void)state;
	assert_int_equal(thin_lookup(FAKE_THIN, &device, &why), 0);
	assert_int_equal(vm_mark(&device, &mark, &why), 0);
	thin_device_free(&device);
	expect_untouched(TRIM_SKIPPED, "only its guest can trim it");
}

static void another_device_is_not_applicable(void **state)
{
	(void)state;
	fake_dm.thin.live.target = "linear";
	expect_untouched(TRIM_NOT_APPLICABLE, "is dm target \"linear\", not thin");
	rootfs.dev = 0;
	expect_untouched(TRIM_NOT_APPLICABLE, "not a thin device");
}

static bool allows_none(const char *pool, const void *context)
{
	assert_string_equal(pool, "docker-pool");
	assert_null(context);
	return false;
}

static void a_pool_that_may_not_be_used_is_denied(void **state)
{
	(void)state;
	order.allows_pool = allows_none;
	expect_untouched(TRIM_DENIED, "pool \"docker-pool\" may not be used");
}

static void set_pool(const char *status)
{
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "%s", status);
}

static void a_broken_pool_is_skipped(void **state)
{
	(void)state;
	set_pool("0 100/4096 100000/1638400 - ro discard_passdown queue_if_no_space - 1024");
	expect_untouched(TRIM_SKIPPED, "pool \"docker-pool\" is read-only; repair it first");
	set_pool("0 100/4096 9/10 - rw discard_passdown queue_if_no_space needs_check 1024");
	expect_untouched(TRIM_SKIPPED, "needs_check");
	set_pool("Fail");
	expect_untouched(TRIM_SKIPPED, "has failed; repair it first");
	assert_true(report.is_pools);
}

/* Discards are what frees space in it; until then nothing can be written back. */
static void a_full_pool_is_trimmed(void **state)
{
	(void)state;
	set_pool("0 100/4096 1638400/1638400 - out_of_data_space discard_passdown "
		 "queue_if_no_space - 1024");
	expect(TRIM_DONE, "");
	assert_int_equal(fake_fs.syncs, 0);
	assert_int_equal(fake_fs.trims, 4);
}

static void a_pool_that_ignores_discards_is_named(void **state)
{
	(void)state;
	set_pool("0 100/4096 100000/1638400 - rw ignore_discard queue_if_no_space - 1024");
	expect_untouched(TRIM_SKIPPED, "pool \"docker-pool\" ignores discards");
	assert_int_equal(report.pool.discards, THIN_DISCARDS_IGNORED);
}

static void a_pool_that_keeps_discards_is_trimmed(void **state)
{
	(void)state;
	set_pool("0 100/4096 100000/1638400 - rw no_discard_passdown queue_if_no_space - 1024");
	fake_fs.trim_blocks = 5;
	expect(TRIM_DONE, "");
	assert_int_equal(report.pool.discards, THIN_DISCARDS_KEPT);
	assert_int_equal(trim_returned_bytes(&report), 5 * BLOCK);
}

static void blocks_larger_than_a_group_are_named(void **state)
{
	(void)state;
	strcpy(fake_dm.pool.live.params, "1234:1 1234:2 524288 32768 0");
	expect_untouched(TRIM_SKIPPED,
			 "the blocks of pool \"docker-pool\" (256 MiB) are larger than");
}

static void a_device_without_discards_is_skipped(void **state)
{
	(void)state;
	fake_fs.trim_errno = EOPNOTSUPP;
	expect(TRIM_SKIPPED, "takes no discards");
	assert_false(report.measured);
}

static void an_error_is_reported(void **state)
{
	(void)state;
	fake_fs.trim_errno = EIO;
	assert_int_equal(trim(), -EIO);
	assert_contains(why.text, "trimming its ext4: Input/output error");
	assert_false(report.measured);
	fake_fs.trim_errno = 0;
	fake_dm.thin_fails = true;
	assert_int_equal(trim(), -EIO);
	assert_contains(why.text, "device 1234:7: reading its status");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define TEST_ON(test, fs)                                                                          \
	cmocka_unit_test_prestate_setup_teardown(test, setup, teardown, &(enum fs_type){fs})

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_deleted_comes_back),
		TEST(shared_blocks_do_not_come_back),
		cmocka_unit_test(others_that_use_the_pool_are_not_counted),
		TEST_ON(waits_for_what_xfs_discards_in_the_background, FS_XFS),
		TEST(a_dry_run_discards_nothing),
		cmocka_unit_test(ranges_cover_all_of_it_once),
		TEST_ON(btrfs_is_trimmed_in_one_range, FS_BTRFS),
		TEST(no_shorter_range_is_discarded_than_a_pool_block),
		TEST(can_be_interrupted_between_two_ranges),
		TEST(a_frozen_filesystem_is_skipped),
		TEST(a_suspended_device_is_skipped),
		TEST(a_suspended_pool_is_skipped),
		TEST(a_short_suspend_is_waited_for),
		TEST(what_is_read_only_is_skipped),
		TEST(the_disk_of_a_virtual_machine_is_skipped),
		TEST(another_device_is_not_applicable),
		TEST(a_pool_that_may_not_be_used_is_denied),
		TEST(a_broken_pool_is_skipped),
		TEST(a_full_pool_is_trimmed),
		TEST(a_pool_that_ignores_discards_is_named),
		TEST(a_pool_that_keeps_discards_is_trimmed),
		TEST(blocks_larger_than_a_group_are_named),
		TEST(a_device_without_discards_is_skipped),
		TEST(an_error_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
