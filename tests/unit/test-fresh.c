/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/fresh.h"

#include "disk/ledger.h"
#include "disk/vm-mark.h"
#include "grow-fixture.h"

static struct thin_device device;
static struct vm_mark_order mark_order;

/* An ext4 of 1 GiB that is not mounted. */
static int setup_fresh(void **state)
{
	*state = &(enum fs_type){FS_EXT4};
	setup(state);
	rootfs_close(&rootfs);
	mark_order = (struct vm_mark_order){run_dir, ledger_dir, 1000};
	assert_int_equal(thin_lookup(FAKE_THIN, &device, &why), 0);
	return 0;
}

static int teardown_fresh(void **state)
{
	thin_device_free(&device);
	return teardown(state);
}

static int open_fresh(void)
{
	return fresh_open(&device, ledger_dir, &rootfs, &why);
}

static void expect_refused(int err, const char *reason)
{
	assert_int_equal(open_fresh(), -err);
	assert_contains(why.text, "docker-8:1-42-thin");
	assert_contains(why.text, reason);
	assert_int_equal(fake_fs_device_opens(), 0);
}

static void expect_never_mounted(int err, const char *reason)
{
	expect_refused(err, reason);
	assert_null(strstr(fake_fs.mount_log, "create"));
}

static int wait_closed(void)
{
	const struct deadline deadline = {.end_ms = now_ms() + 100};

	return fresh_wait_closed(&device, &deadline, &why);
}

static void a_fresh_device_is_grown_like_a_mounted_one(void **state)
{
	(void)state;
	assert_int_equal(open_fresh(), 0);
	assert_string_equal(fake_fs.mount_log, "ext4 source create mount");
	assert_string_equal(rootfs.fs_name, "ext4");
	assert_int_equal(fake_fs_device_opens(), 1);
	expect_result(GROW_DONE);
	assert_large();
	assert_int_equal(wait_closed(), -EBUSY);
	rootfs_close(&rootfs);
	assert_int_equal(wait_closed(), 0);
}

/* Then a container would start with the disk that it has, and its guest write it: too late. */
static void after_a_crash_it_is_mounted_once_more_to_grow_now(void **state)
{
	struct ledger_entry entry;

	(void)state;
	assert_int_equal(open_fresh(), 0);
	fake_fs.grow_errno = EIO;
	expect_error(EIO, "Input/output error");
	fake_fs.grow_errno = 0;
	rootfs_close(&rootfs);
	assert_int_equal(ledger_read(ledger_dir, device.name, &entry, &why), 1);
	snprintf(entry.boot_id, sizeof(entry.boot_id), "01234567-89ab-cdef-0123-456789abcdef");
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	fake_fs.mount_log[0] = '\0';
	assert_int_equal(open_fresh(), 0);
	assert_string_equal(fake_fs.mount_log, "ext4 source create mountext4 source create mount");
	assert_int_equal(fake_fs_device_opens(), 1);
	expect_result(GROW_DONE);
	assert_large();
}

static void waits_for_udev_which_opens_new_devices(void **state)
{
	(void)state;
	fake_dm.thin.opens = 1;
	fake_dm.thin.opens_to_go = 3;
	assert_int_equal(open_fresh(), 0);
	fake_dm.thin.opens = 1;
	fake_dm.thin.opens_to_go = 3;
	rootfs_close(&rootfs);
	assert_int_equal(wait_closed(), 0);
}

static void open_by_another(void)
{
	fake_dm.thin.opens = 1;
}

static void a_device_in_use_is_not_mounted(void **state)
{
	(void)state;
	fake_dm.thin.opens = 1;
	expect_never_mounted(EBUSY, "in use");
	fake_dm.thin.opens = 0;
	fake_fs.before_create = open_by_another;
	expect_refused(EBUSY, "in use");
}

static void a_suspended_device_is_waited_for(void **state)
{
	(void)state;
	fake_dm_suspend_by_another(5);
	assert_int_equal(open_fresh(), 0);
	rootfs_close(&rootfs);
	fake_dm_suspend_by_another(0);
	expect_refused(EBUSY, "suspended");
}

static void a_marked_device_is_never_mounted(void **state)
{
	(void)state;
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	expect_never_mounted(EPERM, "given to a virtual machine");
	assert_int_equal(fake_fs_device_opens(), 0);
}

static char *marked, *aside;

static void another_start_marks_it(void)
{
	assert_int_equal(rename(aside, marked), 0);
}

/* Its guest has written it and closed it again, before this start had it open. */
static void a_device_that_another_start_marks_meanwhile_is_not_mounted(void **state)
{
	(void)state;
	marked = path_in(ledger_dir, device.name);
	aside = path_in(ledger_dir, ".aside");
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	assert_int_equal(rename(marked, aside), 0);
	fake_dm.meddle_at = (struct fake_when){ANY_CALL, fake_dm.calls + 1};
	fake_dm.meddle = another_start_marks_it;
	expect_never_mounted(EPERM, "given to a virtual machine");
	free(marked);
	free(aside);
}

static void a_device_whose_entry_cannot_be_read_is_not_mounted(void **state)
{
	(void)state;
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	write_in(ledger_dir, device.name, "?");
	expect_never_mounted(EINVAL, "damaged");
	assert_true(vm_mark_is_possible(device.name, ledger_dir));
}

static void a_device_that_is_not_known_may_be_marked(void **state)
{
	(void)state;
	assert_true(vm_mark_is_possible(NULL, ledger_dir));
	assert_false(vm_mark_is_possible(device.name, ledger_dir));
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	assert_true(vm_mark_is_possible(device.name, ledger_dir));
}

static void only_a_plain_writable_thin_device_is_mounted(void **state)
{
	(void)state;
	device.read_only = true;
	expect_never_mounted(EROFS, "read-only");
	device.read_only = false;
	device.deferred_remove = true;
	expect_never_mounted(EBUSY, "removed");
	device.deferred_remove = false;
	device.targets = 2;
	expect_never_mounted(EINVAL, "2 targets");
}

static void another_device_with_the_number_is_not_mounted(void **state)
{
	(void)state;
	fake_dm.thin.name = "docker-8:1-42-other";
	expect_never_mounted(ESTALE, "another device has its number");
	fake_dm.thin.gone = true;
	expect_never_mounted(ESTALE, "gone");
	assert_int_equal(wait_closed(), -ESTALE);
}

static void without_a_filesystem_that_can_be_grown_it_is_not_mounted(void **state)
{
	(void)state;
	fake_fs.superblock_damage = 1;
	expect_never_mounted(ENOTSUP, "no filesystem");
}

static void reports_what_the_kernel_says(void **state)
{
	(void)state;
	fake_fs.fsopen_errno = ENOSYS;
	expect_never_mounted(ENOTSUP, "Linux before 5.2");
	fake_fs.fsopen_errno = 0;
	fake_fs.create_errno = EUCLEAN;
	expect_refused(EUCLEAN, "mounting its ext4: Structure needs cleaning");
}

/* --- the mark -------------------------------------------------------------------------------- */

static struct ledger_entry entry_now(void)
{
	struct ledger_entry entry;

	assert_int_equal(ledger_read(ledger_dir, device.name, &entry, &why), 1);
	return entry;
}

static void a_device_without_an_entry_gets_one(void **state)
{
	(void)state;
	assert_int_equal(vm_mark_read(&device, ledger_dir, &why), 0);
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	assert_int_equal(vm_mark_read(&device, ledger_dir, &why), 1);
	assert_true(vm_mark_is_possible(device.name, ledger_dir));
	assert_false(vm_mark_is_possible("another", ledger_dir));
	assert_string_equal(entry_now().pool, "docker-pool");
	assert_int_equal(entry_now().thin_id, 17);
	assert_int_equal(entry_now().sectors, SMALL_SECTORS);
	assert_int_equal(entry_now().state, LEDGER_DONE);
}

static void an_entry_keeps_its_notes(void **state)
{
	struct ledger_entry before;

	(void)state;
	order.source = "annotation:io.oci-thin-grow.size";
	assert_int_equal(open_fresh(), 0);
	expect_result(GROW_DONE);
	rootfs_close(&rootfs);
	before = entry_now();
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	assert_true(entry_now().in_vm);
	assert_string_equal(entry_now().source, before.source);
	assert_int_equal(entry_now().time, before.time);
	assert_int_equal(entry_now().first_sectors, SMALL_SECTORS);
	assert_int_equal(entry_now().sectors, LARGE_SECTORS);
	assert_memory_equal(entry_now().fs_uuid, before.fs_uuid, 16);
}

/* The rest of it is the guest's. */
static void a_growth_that_paused_ends_with_the_mark(void **state)
{
	(void)state;
	assert_int_equal(open_fresh(), 0);
	order.want_bytes = 16 * GIB;
	order.fs_limit_bytes = 8 * GIB;
	expect_result(GROW_DONE);
	rootfs_close(&rootfs);
	assert_int_equal(entry_now().paused_sectors, 8 * GIB / 512);
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	assert_int_equal(entry_now().state, LEDGER_DONE);
	assert_int_equal(entry_now().paused_sectors, 0);
}

static void the_mark_of_an_earlier_device_is_ignored(void **state)
{
	struct ledger_entry entry;

	(void)state;
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	entry = entry_now();
	entry.thin_id++;
	entry.sectors *= 2;
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	assert_int_equal(vm_mark_read(&device, ledger_dir, &why), 0);
	assert_true(vm_mark_is_possible(device.name, ledger_dir));
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	assert_int_equal(entry_now().thin_id, 17);
	assert_int_equal(entry_now().sectors, SMALL_SECTORS);
}

/* The engine re-created it too short, and heal has not come yet. */
static void the_mark_never_makes_the_required_length_shorter(void **state)
{
	struct ledger_entry entry;

	(void)state;
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	entry = entry_now();
	entry.in_vm = false;
	entry.sectors = LARGE_SECTORS;
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	assert_int_equal(vm_mark(&device, &mark_order, &why), 0);
	assert_true(entry_now().in_vm);
	assert_int_equal(entry_now().sectors, LARGE_SECTORS);
}

static void another_device_is_not_marked(void **state)
{
	(void)state;
	fake_dm.thin.name = "docker-8:1-42-other";
	assert_int_equal(vm_mark(&device, &mark_order, &why), -ESTALE);
	assert_contains(why.text, "cannot be marked");
	assert_false(vm_mark_is_possible("docker-8:1-42-other", ledger_dir));
}

#define FRESH_TEST(test) cmocka_unit_test_setup_teardown(test, setup_fresh, teardown_fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH_TEST(a_fresh_device_is_grown_like_a_mounted_one),
		FRESH_TEST(after_a_crash_it_is_mounted_once_more_to_grow_now),
		FRESH_TEST(waits_for_udev_which_opens_new_devices),
		FRESH_TEST(a_device_in_use_is_not_mounted),
		FRESH_TEST(a_suspended_device_is_waited_for),
		FRESH_TEST(a_marked_device_is_never_mounted),
		FRESH_TEST(a_device_that_another_start_marks_meanwhile_is_not_mounted),
		FRESH_TEST(a_device_whose_entry_cannot_be_read_is_not_mounted),
		FRESH_TEST(a_device_that_is_not_known_may_be_marked),
		FRESH_TEST(only_a_plain_writable_thin_device_is_mounted),
		FRESH_TEST(another_device_with_the_number_is_not_mounted),
		FRESH_TEST(without_a_filesystem_that_can_be_grown_it_is_not_mounted),
		FRESH_TEST(reports_what_the_kernel_says),
		FRESH_TEST(a_device_without_an_entry_gets_one),
		FRESH_TEST(an_entry_keeps_its_notes),
		FRESH_TEST(a_growth_that_paused_ends_with_the_mark),
		FRESH_TEST(the_mark_of_an_earlier_device_is_ignored),
		FRESH_TEST(the_mark_never_makes_the_required_length_shorter),
		FRESH_TEST(another_device_is_not_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
