/* SPDX-License-Identifier: Apache-2.0 */

/* What grow_rootfs() does, also if the filesystem refuses. */

#include "grow-fixture.h"

static void grows_device_and_filesystem(void **state)
{
	(void)state;
	expect_result(GROW_DONE);
	assert_large();
	assert_string_equal(fake_dm.log, is_xfs() ? "load 8388608, resume, grow 4294967296, "
						    "load 8388608, freeze and resume"
						  : "load 8388608, resume, grow 4294967296");
	assert_int_equal(report.from_sectors, SMALL_SECTORS);
	assert_int_equal(report.device.sectors, LARGE_SECTORS);
	assert_int_equal(report.fs_before.bytes, SMALL);
	assert_int_equal(report.fs.bytes, LARGE);
	assert_int_equal(report.plan.device_sectors, LARGE_SECTORS);
	assert_int_equal(report.plan.fs_bytes, LARGE);
	assert_string_equal(report.pool.name, "docker-pool");
}

static void keeps_what_is_large_enough(void **state)
{
	(void)state;
	for (order.want_bytes = 0; order.want_bytes <= SMALL; order.want_bytes += SMALL / 2) {
		expect_result(GROW_KEPT);
		assert_untouched();
		assert_int_equal(fake_dm.calls, fake_dm.count[DM_DEVICE_TABLE]);
	}
}

static void a_second_run_finds_nothing_to_do(void **state)
{
	(void)state;
	expect_result(GROW_DONE);
	fake_dm.log[0] = '\0';
	expect_result(GROW_KEPT);
	assert_string_equal(fake_dm.log, "");
}

static void grows_only_the_filesystem(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	expect_result(GROW_DONE);
	assert_large();
	assert_string_equal(fake_dm.log,
			    is_xfs() ? "grow 4294967296, load 8388608, freeze and resume"
				     : "grow 4294967296");
	assert_int_equal(report.plan.device_sectors, 0);
}

/*
 * If the device is longer than requested, the filesystem uses all of it: a shorter one would have
 * no advantage.
 */
static void never_makes_a_long_device_shorter(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = 2 * LARGE_SECTORS;
	expect_result(GROW_DONE);
	assert_safe(2 * LARGE_SECTORS);
	assert_int_equal(fake_fs.bytes, 2 * LARGE);
}

static void a_dry_run_does_nothing(void **state)
{
	(void)state;
	order.dry_run = true;
	expect_result(GROW_DONE);
	assert_untouched();
	assert_int_equal(report.plan.device_sectors, LARGE_SECTORS);
	assert_int_equal(report.plan.fs_bytes, LARGE);
	assert_int_equal(report.device.sectors, SMALL_SECTORS);
}

/* --- the filesystem says no ------------------------------------------------------------------ */

static void passes_on_the_error_of_the_filesystem(void **state)
{
	static const struct {
		int err;
		const char *hint;
	} answers[] = {
		{EPERM, "error flag"},	  {EOPNOTSUPP, "sparse_super2"}, {EROFS, "read-only"},
		{ENOSPC, "pool is full"}, {EIO, "Input/output error"},
	};

	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		start_again(state);
		fake_fs.grow_errno = answers[i].err;
		expect_error(answers[i].err, answers[i].hint);
		assert_contains(why.text, "from 1073741824 to 4294967296 bytes");
		assert_safe(LARGE_SECTORS); /* the device stays long, which is harmless */
		assert_int_equal(fake_fs.bytes, SMALL);
		assert_next_run_finishes();
	}
}

static void detects_that_ext4_grew_less(void **state)
{
	(void)state;
	fake_fs.grow_less = 128 * MIB;
	expect_error(EIO, "should have 4294967296 bytes and has 4160749568");
	assert_safe(LARGE_SECTORS);
	assert_next_run_finishes();
}

/* The last block group has no room for its own metadata. */
static void accepts_that_ext4_drops_an_incomplete_group(void **state)
{
	(void)state;
	fake_fs.grow_less = 1 * MIB;
	expect_result(GROW_DONE);
	expect_result(GROW_KEPT);
	assert_int_equal(fake_fs.grows, 1);
}

/* Another program changes its size: a later run continues from there. */
static void waits_for_another_resize(void **state)
{
	static const int answers[] = {EBUSY, EAGAIN, EINTR, ETIMEDOUT};

	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		start_again(state);
		fake_fs.grow_errno = answers[i];
		expect_postponed("from 1073741824 to 4294967296 bytes");
		assert_safe(LARGE_SECTORS);
		assert_next_run_finishes();
	}
}

static void a_busy_btrfs_is_postponed(void **state)
{
	(void)state;
	fake_fs.grow_positive = true;
	expect_result(GROW_POSTPONED);
	assert_contains(why.text, "try again");
	assert_safe(LARGE_SECTORS);
	assert_next_run_finishes();
}

static void does_not_touch_btrfs_on_two_devices(void **state)
{
	(void)state;
	fake_fs.btrfs_devices = 2;
	expect_error(EPERM, "more than one device");
	assert_not_changed();
}

/* New kernels take a smaller number as a request to shrink; fake-fs then fails the test. */
static void never_asks_xfs_to_shrink(void **state)
{
	for (unsigned int reading = 1; reading <= 3; reading++) {
		start_again(state);
		fake_dm.thin.live.sectors = LARGE_SECTORS;
		fake_fs.jump_at_read = reading;
		fake_fs.jump_bytes = LARGE;
		assert_int_equal(grow(), 0);
		assert_int_equal(fake_fs.grows, 0);
		assert_large();
	}
	start_again(state);
	fake_fs.jump_at_read = 3;
	fake_fs.jump_bytes = 2 * LARGE;
	fake_dm.meddle_at = (struct fake_when){DM_DEVICE_TABLE, 5};
	fake_dm.meddle = lengthen;
	grow();
	assert_int_equal(fake_fs.grows, 0);
	assert_safe(2 * LARGE_SECTORS);
}

static void fails_if_the_size_cannot_be_read(void **state)
{
	(void)state;
	if (fake_fs.type == FS_EXT4)
		fake_fs.superblock_damage = 1;
	else
		fake_fs.read_errno = EINVAL;
	expect_error(EINVAL, "reading the filesystem's size");
	assert_untouched();
}

static void fails_without_privileges(void **state)
{
	static const struct {
		unsigned int cap;
		const char *name;
	} caps[] = {{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}, {CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE"}};

	for (size_t i = 0; i < COUNT_OF(caps); i++) {
		start_again(state);
		fake_fs.lacks_capability = caps[i].cap;
		expect_error(EPERM, caps[i].name);
		assert_not_changed();
	}
}

/* --- in steps -------------------------------------------------------------------------------- */

struct steps {
	unsigned int n, stop_at;
	uint64_t last;
};

static bool note_step(uint64_t done, uint64_t all, void *context)
{
	struct steps *steps = context;

	assert_true(done > steps->last && done <= all);
	assert_int_equal(done, fake_fs.bytes);
	steps->last = done;
	return ++steps->n != steps->stop_at;
}

static void grows_in_steps(void **state)
{
	struct steps steps = {0};

	(void)state;
	order.want_bytes = 64 * GIB;
	order.progress = note_step;
	order.progress_context = &steps;
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.bytes, 64 * GIB);
	assert_int_equal(steps.n, 8);
	assert_int_equal(fake_dm.count[DM_DEVICE_RELOAD], is_xfs() ? 2 : 1);
	assert_safe(64 * GIB / 512);
}

static void btrfs_grows_in_one_step(void **state)
{
	struct steps steps = {.stop_at = 1};

	(void)state;
	order.want_bytes = 64 * GIB;
	order.progress = note_step;
	order.progress_context = &steps;
	expect_result(GROW_DONE);
	assert_int_equal(steps.n, 1);
	assert_int_equal(fake_fs.bytes, 64 * GIB);
}

static void stops_between_steps_and_continues_later(void **state)
{
	struct steps steps = {.stop_at = 3};

	(void)state;
	order.want_bytes = 64 * GIB;
	order.progress = note_step;
	order.progress_context = &steps;
	expect_error(ECANCELED, "The filesystem is fine");
	assert_int_equal(fake_dm.thin.live.sectors, 64 * GIB / 512);
	assert_int_equal(fake_fs.bytes, 24 * GIB);
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.bytes, 64 * GIB);
	expect_result(GROW_KEPT);
}

static unsigned int warnings;

static void warn(const char *caution, void *context)
{
	assert_ptr_equal(context, &warnings);
	assert_string_equal(caution, report.caution.text);
	assert_not_changed();
	warnings++;
}

static void warns_before_anything_is_changed(void **state)
{
	(void)state;
	warnings = 0;
	fake_fs.ag_blocks = 4096; /* 16 MiB: 4 GiB are 256 of them */
	order.warn = warn;
	order.progress_context = &warnings;
	order.dry_run = true;
	expect_result(GROW_DONE);
	assert_contains(report.caution.text, "256 allocation groups");
	assert_int_equal(warnings, 0);
	order.dry_run = false;
	expect_result(GROW_DONE);
	assert_int_equal(warnings, 1);
	assert_contains(report.caution.text, "256 allocation groups");
	assert_string_equal(report.warning.text, "");
	assert_large();
	expect_result(GROW_KEPT);
	assert_int_equal(warnings, 1);
	assert_string_equal(report.caution.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(grows_in_steps, FS_EXT4),
		FS_TEST(grows_in_steps, FS_XFS),
		FS_TEST(btrfs_grows_in_one_step, FS_BTRFS),
		FS_TEST(stops_between_steps_and_continues_later, FS_EXT4),
		FS_TEST(stops_between_steps_and_continues_later, FS_XFS),
		EACH_FS(grows_device_and_filesystem),
		EACH_FS(keeps_what_is_large_enough),
		EACH_FS(a_second_run_finds_nothing_to_do),
		EACH_FS(grows_only_the_filesystem),
		EACH_FS(never_makes_a_long_device_shorter),
		EACH_FS(a_dry_run_does_nothing),
		EACH_FS(passes_on_the_error_of_the_filesystem),
		EACH_FS(waits_for_another_resize),
		FS_TEST(detects_that_ext4_grew_less, FS_EXT4),
		FS_TEST(accepts_that_ext4_drops_an_incomplete_group, FS_EXT4),
		FS_TEST(a_busy_btrfs_is_postponed, FS_BTRFS),
		FS_TEST(does_not_touch_btrfs_on_two_devices, FS_BTRFS),
		FS_TEST(never_asks_xfs_to_shrink, FS_XFS),
		EACH_FS(fails_if_the_size_cannot_be_read),
		EACH_FS(fails_without_privileges),
		FS_TEST(warns_before_anything_is_changed, FS_XFS),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
