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

static void others_do_not_wait_after_a_crash(void **state)
{
	(void)state;
	fail_a_growth();
	reboot(1);
	expect_result(GROW_DONE);
	assert_large();
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
		FS_TEST(others_do_not_wait_after_a_crash, FS_XFS),
		FS_TEST(others_do_not_wait_after_a_crash, FS_BTRFS),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
