/* SPDX-License-Identifier: Apache-2.0 */

/* What the ledger has after a growth that was cut short, and what the next one makes of it. */

#include "disk/intent.h"

#include "disk/ledger.h"
#include "grow-fixture.h"

static struct ledger_entry entry_now(void)
{
	struct ledger_entry entry;

	assert_int_equal(ledger_read(ledger_dir, fake_dm.thin.name, &entry, &why), 1);
	return entry;
}

static bool stop(uint64_t done, uint64_t all, void *context)
{
	(void)done;
	(void)all;
	(void)context;
	return false;
}

/* Ctrl-C after the first step of 8 GiB. */
static void interrupt_a_growth(void)
{
	order.want_bytes = 64 * GIB;
	order.progress = stop;
	expect_error(ECANCELED, "interrupted at 8 GiB of 64 GiB");
	order.progress = NULL;
}

/* An ioctl fails: what the kernel has done of it is not known. */
static void fail_a_growth(void)
{
	fake_fs.grow_errno = EIO;
	expect_error(EIO, "Input/output error");
	fake_fs.grow_errno = 0;
}

/* The host was started again, and the filesystem mounted so often since. */
static void reboot(uint16_t mounts)
{
	struct ledger_entry entry = entry_now();

	snprintf(entry.boot_id, sizeof(entry.boot_id), "01234567-89ab-cdef-0123-456789abcdef");
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	fake_fs.more_mounts = (uint16_t)(fake_fs.more_mounts + mounts);
}

static void an_interrupted_growth_pauses(void **state)
{
	struct ledger_entry entry;

	(void)state;
	interrupt_a_growth();
	entry = entry_now();
	assert_int_equal(entry.state, LEDGER_INTENDED);
	assert_int_equal(entry.sectors, 64 * GIB / 512);
	assert_int_equal(entry.paused_sectors, 8 * GIB / 512);
	expect_result(GROW_DONE);
	entry = entry_now();
	assert_int_equal(entry.state, LEDGER_DONE);
	assert_int_equal(entry.paused_sectors, 0);
}

/* Before each call that grows the filesystem the ledger says that one may have been made. */
static void a_failed_growth_does_not_pause(void **state)
{
	(void)state;
	fail_a_growth();
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	assert_int_equal(entry_now().paused_sectors, 0);
	start_again(state);
	interrupt_a_growth();
	fail_a_growth();
	assert_int_equal(entry_now().paused_sectors, 0);
}

/* Its journal may just have finished the resize: see check_replay() in disk/intent.c. */
static void ext4_waits_for_a_second_mount_after_a_crash(void **state)
{
	(void)state;
	fail_a_growth();
	reboot(1);
	expect_postponed("stop and start the container");
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	reboot(1);
	expect_result(GROW_DONE);
	assert_large();
}

static void a_paused_growth_continues_after_a_crash(void **state)
{
	(void)state;
	interrupt_a_growth();
	reboot(1);
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.bytes, 64 * GIB);
	assert_int_equal(entry_now().state, LEDGER_DONE);
}

/* Another run, with a smaller request, finds what it needs; the rest stays to be done. */
static void a_smaller_request_does_not_end_a_larger_growth(void **state)
{
	(void)state;
	interrupt_a_growth();
	order.want_bytes = LARGE;
	expect_result(GROW_KEPT);
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	assert_int_equal(entry_now().paused_sectors, 8 * GIB / 512);
	order.want_bytes = 64 * GIB;
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.bytes, 64 * GIB);
	assert_int_equal(entry_now().state, LEDGER_DONE);
}

/* As if it was killed before it loaded a table: the ledger must not call 4 GiB done. */
static void a_smaller_request_does_not_end_a_growth_that_was_only_noted(void **state)
{
	(void)state;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RELOAD, 1};
	fake_dm.fault_errno = EIO;
	expect_error(EIO, "Input/output error");
	fake_dm.fault = (struct fake_when){0};
	order.want_bytes = SMALL;
	expect_result(GROW_KEPT);
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	order.want_bytes = LARGE / 2;
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.bytes, LARGE / 2);
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	assert_int_equal(entry_now().sectors, LARGE_SECTORS);
	order.want_bytes = LARGE;
	expect_result(GROW_DONE);
	assert_large();
	assert_int_equal(entry_now().state, LEDGER_DONE);
}

static void others_do_not_wait_after_a_crash(void **state)
{
	(void)state;
	fail_a_growth();
	reboot(1);
	expect_result(GROW_DONE);
	assert_large();
}

/* --- what a limit puts off ------------------------------------------------------------------- */

/* 1 TiB, of which the filesystem gets 64 GiB now. */
static void put_off(void)
{
	order.want_bytes = TIB;
	order.fs_limit_bytes = 64 * GIB;
	order.source = "default";
	expect_result(GROW_DONE);
}

static void assert_put_off(uint64_t fs_bytes)
{
	struct ledger_entry entry = entry_now();

	assert_int_equal(fake_dm.thin.live.sectors, TIB / 512);
	assert_int_equal(fake_fs.bytes, fs_bytes);
	assert_int_equal(entry.state, LEDGER_INTENDED);
	assert_int_equal(entry.sectors, TIB / 512);
	assert_int_equal(entry.paused_sectors, fs_bytes / 512);
	assert_int_equal(entry.first_sectors, SMALL_SECTORS);
	assert_string_equal(entry.source, "default");
	assert_true(report.put_off);
	assert_false(report.unfinished);
}

static void assert_finished(void)
{
	assert_int_equal(fake_fs.bytes, TIB);
	assert_int_equal(entry_now().state, LEDGER_DONE);
	assert_int_equal(entry_now().sectors, TIB / 512);
	assert_string_equal(entry_now().source, "default");
	assert_false(report.put_off);
	assert_safe(TIB / 512);
}

static void the_device_gets_its_full_length_and_the_filesystem_a_part(void **state)
{
	(void)state;
	put_off();
	assert_put_off(64 * GIB);
	assert_int_equal(report.fs.bytes, 64 * GIB);
	assert_int_equal(report.plan.fs_bytes, TIB);
	assert_string_equal(fake_dm.log, is_xfs() ? "load 2147483648, resume, grow 68719476736, "
						    "load 2147483648, freeze and resume"
						  : "load 2147483648, resume, grow 68719476736");
}

/* It may be torn by a crash, so that no later run may take it for a pause. */
static void xfs_that_cannot_be_settled_does_not_pause(void **state)
{
	(void)state;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 2};
	fake_dm.fault_errno = EIO;
	put_off();
	assert_contains(report.warning.text, "not settled");
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	assert_int_equal(entry_now().paused_sectors, 0);
}

static void btrfs_grows_at_once(void **state)
{
	(void)state;
	put_off();
	assert_finished();
}

/* The same container starts again. */
static void what_is_put_off_already_is_left_alone(void **state)
{
	struct ledger_entry before;

	(void)state;
	put_off();
	fake_dm.log[0] = '\0';
	before = entry_now();
	reboot(1);
	expect_result(GROW_KEPT);
	assert_true(report.put_off);
	assert_string_equal(fake_dm.log, "");
	assert_string_not_equal(entry_now().boot_id, before.boot_id);
}

/* So that the next run knows that ext4 must be mounted again. */
static void what_was_cut_short_is_put_off_without_a_word_in_the_ledger(void **state)
{
	(void)state;
	put_off();
	order.fs_limit_bytes = 128 * GIB;
	fail_a_growth();
	reboot(1);
	order.fs_limit_bytes = 64 * GIB;
	expect_result(GROW_KEPT);
	assert_int_equal(entry_now().paused_sectors, 0);
	order.fs_limit_bytes = 128 * GIB;
	expect_result(GROW_POSTPONED);
	assert_int_equal(fake_fs.bytes, 64 * GIB);
}

/* The device was long enough already, by another's hand. */
static void what_is_put_off_is_noted_even_if_nothing_grows_now(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = TIB / 512;
	order.want_bytes = TIB;
	order.fs_limit_bytes = GIB;
	expect_result(GROW_DONE);
	assert_int_equal(fake_fs.grows, 0);
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	assert_int_equal(entry_now().paused_sectors, SMALL_SECTORS);
}

/* So that the daemon finds it: an entry that says "done" is looked at no more. */
static void what_is_put_off_is_intended_again(void **state)
{
	struct ledger_entry entry;

	(void)state;
	put_off();
	entry = entry_now();
	entry.state = LEDGER_DONE;
	entry.paused_sectors = 0;
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	expect_result(GROW_DONE);
	assert_put_off(64 * GIB);
}

/* As job/finish.c does. */
static void steps_finish_it(void **state)
{
	unsigned int steps = 0;

	(void)state;
	put_off();
	order.source = NULL;
	while (report.put_off) {
		assert_put_off((64 + 256 * (uint64_t)steps) * GIB);
		order.fs_limit_bytes = fake_fs.bytes + 256 * GIB;
		expect_result(GROW_DONE);
		steps++;
	}
	assert_int_equal(steps, 4);
	assert_finished();
	expect_result(GROW_KEPT);
}

/* A start without a daemon, `grow` or `apply`. */
static void a_run_without_a_limit_finishes_it(void **state)
{
	(void)state;
	put_off();
	reboot(1);
	order.fs_limit_bytes = 0;
	expect_result(GROW_DONE);
	assert_finished();
}

static void a_step_that_was_cut_short_is_made_again(void **state)
{
	(void)state;
	put_off();
	order.fs_limit_bytes = 128 * GIB;
	fail_a_growth();
	assert_int_equal(entry_now().paused_sectors, 0);
	expect_result(GROW_DONE);
	assert_put_off(128 * GIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(an_interrupted_growth_pauses, FS_EXT4),
		FS_TEST(an_interrupted_growth_pauses, FS_XFS),
		FS_TEST(a_failed_growth_does_not_pause, FS_EXT4),
		FS_TEST(a_failed_growth_does_not_pause, FS_XFS),
		FS_TEST(ext4_waits_for_a_second_mount_after_a_crash, FS_EXT4),
		FS_TEST(a_paused_growth_continues_after_a_crash, FS_EXT4),
		FS_TEST(a_smaller_request_does_not_end_a_larger_growth, FS_EXT4),
		FS_TEST(a_smaller_request_does_not_end_a_larger_growth, FS_XFS),
		EACH_FS(a_smaller_request_does_not_end_a_growth_that_was_only_noted),
		FS_TEST(others_do_not_wait_after_a_crash, FS_XFS),
		FS_TEST(others_do_not_wait_after_a_crash, FS_BTRFS),
		FS_TEST(the_device_gets_its_full_length_and_the_filesystem_a_part, FS_EXT4),
		FS_TEST(the_device_gets_its_full_length_and_the_filesystem_a_part, FS_XFS),
		FS_TEST(xfs_that_cannot_be_settled_does_not_pause, FS_XFS),
		FS_TEST(btrfs_grows_at_once, FS_BTRFS),
		FS_TEST(what_is_put_off_already_is_left_alone, FS_EXT4),
		FS_TEST(what_was_cut_short_is_put_off_without_a_word_in_the_ledger, FS_EXT4),
		FS_TEST(what_is_put_off_is_noted_even_if_nothing_grows_now, FS_EXT4),
		FS_TEST(what_is_put_off_is_intended_again, FS_EXT4),
		FS_TEST(steps_finish_it, FS_EXT4),
		FS_TEST(steps_finish_it, FS_XFS),
		FS_TEST(a_run_without_a_limit_finishes_it, FS_EXT4),
		FS_TEST(a_run_without_a_limit_finishes_it, FS_XFS),
		FS_TEST(a_step_that_was_cut_short_is_made_again, FS_EXT4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
