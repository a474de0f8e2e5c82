/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/vm-extend.h"

#include "disk/ledger.h"
#include "grow-fixture.h"

/* A thin device of 1 GiB that a virtual machine is to get with 4 GiB. */
static int setup_vm(void **state)
{
	*state = &(enum fs_type){FS_EXT4};
	setup(state);
	rootfs_close(&rootfs);
	assert_int_equal(thin_lookup(FAKE_THIN, &report.device, &why), 0);
	return 0;
}

static int extend(void)
{
	why.text[0] = '\0';
	return vm_extend(&order, &report, &why);
}

static void expect_extended(enum grow_result result, uint64_t sectors)
{
	assert_int_equal(extend(), 0);
	assert_int_equal(report.result, result);
	assert_int_equal(fake_dm.thin.live.sectors, sectors);
	assert_int_equal(fake_fs_device_opens(), 0);
}

static void expect_refused(int r, const char *reason)
{
	assert_int_equal(extend(), r);
	assert_contains(why.text, reason);
	assert_string_equal(fake_dm.log, "");
	assert_int_equal(fake_dm.thin.live.sectors, SMALL_SECTORS);
}

static void the_device_grows_and_the_filesystem_does_not(void **state)
{
	(void)state;
	expect_extended(GROW_DONE, LARGE_SECTORS);
	assert_int_equal(report.from_sectors, SMALL_SECTORS);
	assert_int_equal(report.device.sectors, LARGE_SECTORS);
	assert_int_equal(fake_fs.grows, 0);
	assert_string_equal(fake_fs.mount_log, "");
	expect_extended(GROW_KEPT, LARGE_SECTORS);
}

static void it_never_shrinks(void **state)
{
	(void)state;
	order.want_bytes = SMALL / 2;
	expect_extended(GROW_KEPT, SMALL_SECTORS);
	assert_string_equal(fake_dm.log, "");
}

static void it_gets_at_least_what_the_ledger_has(void **state)
{
	struct ledger_entry entry = {
		.device = "docker-8:1-42-thin",
		.pool = "pool",
		.sectors = LARGE_SECTORS,
		.state = LEDGER_DONE,
		.boot_id = "01234567-89ab-cdef-0123-456789abcdef",
		.in_vm = true,
	};

	(void)state;
	order.want_bytes = SMALL;
	entry.thin_id = report.device.thin_id + 1; /* of an earlier device */
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	expect_extended(GROW_KEPT, SMALL_SECTORS);
	entry.thin_id = report.device.thin_id;
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	expect_extended(GROW_DONE, LARGE_SECTORS);
}

/* The number was given to another device after the caller's look. */
static void another_device_is_not_touched(void **state)
{
	(void)state;
	fake_dm.thin.name = "docker-8:1-43-thin";
	expect_refused(-ESTALE, "another device has its number now");
}

static void a_read_only_device_is_not_touched(void **state)
{
	(void)state;
	fake_dm.thin.read_only = true;
	expect_refused(-EROFS, "read-only");
}

static bool allows_none(const char *name, const void *context)
{
	(void)name;
	(void)context;
	return false;
}

static void the_pool_may_refuse_it(void **state)
{
	(void)state;
	order.allows_pool = allows_none;
	expect_refused(0, "may not be used");
	assert_int_equal(report.result, GROW_REFUSED);
	assert_true(report.pool_denied);
	order.allows_pool = NULL;
	strcpy(fake_dm.pool_status, "Fail");
	expect_refused(0, "has failed");
	assert_int_equal(report.result, GROW_REFUSED);
}

static void a_suspended_device_is_left_as_it_is(void **state)
{
	(void)state;
	order.timeout_ms = 30;
	fake_dm_suspend_by_another(0);
	expect_refused(0, "suspended");
	assert_int_equal(report.result, GROW_POSTPONED);
	assert_false(fake_dm.resumed_anothers);
}

/* A virtual machine that is started nevertheless must not get a length that heal does not know. */
static void without_the_ledger_the_device_stays_as_it_is(void **state)
{
	(void)state;
	write_file(ledger_dir, "");
	expect_refused(-ENOTDIR, ledger_dir);
}

static void the_ledger_comes_before_the_table(void **state)
{
	struct ledger_entry entry;

	(void)state;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RELOAD, 1};
	fake_dm.fault_errno = EIO;
	assert_int_equal(extend(), -EIO);
	assert_int_equal(fake_dm.thin.live.sectors, SMALL_SECTORS);
	assert_int_equal(ledger_read(ledger_dir, fake_dm.thin.name, &entry, &why), 1);
	assert_int_equal(entry.sectors, LARGE_SECTORS);
	assert_true(entry.in_vm);
}

static void a_dry_run_changes_nothing(void **state)
{
	(void)state;
	order.dry_run = true;
	expect_extended(GROW_DONE, SMALL_SECTORS);
	assert_string_equal(fake_dm.log, "");
}

#define VM_TEST(test) cmocka_unit_test_setup_teardown(test, setup_vm, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(the_device_grows_and_the_filesystem_does_not),
		VM_TEST(it_never_shrinks),
		VM_TEST(it_gets_at_least_what_the_ledger_has),
		VM_TEST(another_device_is_not_touched),
		VM_TEST(a_read_only_device_is_not_touched),
		VM_TEST(the_pool_may_refuse_it),
		VM_TEST(a_suspended_device_is_left_as_it_is),
		VM_TEST(without_the_ledger_the_device_stays_as_it_is),
		VM_TEST(the_ledger_comes_before_the_table),
		VM_TEST(a_dry_run_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
