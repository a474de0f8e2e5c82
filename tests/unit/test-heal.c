/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/heal.h"

#include "disk/ledger.h"
#include "grow-fixture.h"

#include <time.h>

/* An ext4 of 4 GiB on a device that its engine has re-created with 1 GiB. */
static struct heal_order heal_order;
static struct heal_report healed;

static bool all_names(const char *name)
{
	return name != NULL;
}

static bool no_name(const char *name)
{
	return name == NULL;
}

static int setup_heal(void **state)
{
	setup(state);
	fake_fs.bytes = LARGE;
	heal_order = (struct heal_order){
		.is_engines = all_names,
		.max_bytes = TIB,
		.timeout_ms = 200,
		.run_dir = run_dir,
		.ledger_dir = ledger_dir,
	};
	return 0;
}

static int teardown_heal(void **state)
{
	fake_fs_before_pread = NULL;
	heal_report_free(&healed);
	return teardown(state);
}

static struct ledger_entry entry_of(uint64_t sectors, enum ledger_state entry_state)
{
	struct ledger_entry entry = {
		.device = "docker-8:1-42-thin",
		.pool = "docker-pool",
		.thin_id = 17,
		.fs_uuid = "0123456789abcde",
		.sectors = sectors,
		.state = entry_state,
		.mount_count = 3,
	};

	entry.fs_uuid[15] = 'f';
	assert_int_equal(ledger_boot_id(entry.boot_id), 0);
	return entry;
}

static void put_entry(struct ledger_entry entry)
{
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
}

static struct ledger_entry entry_now(void)
{
	struct ledger_entry entry;

	assert_int_equal(ledger_read(ledger_dir, "docker-8:1-42-thin", &entry, &why), 1);
	return entry;
}

static int heal(void)
{
	heal_report_free(&healed);
	return heal_device(FAKE_THIN, &heal_order, &healed, &why);
}

static void expect_heal(enum heal_result result, uint64_t sectors)
{
	assert_int_equal(heal(), 0);
	assert_int_equal(healed.result, result);
	assert_int_equal(fake_dm.thin.live.sectors, sectors);
	assert_int_equal(fake_fs.grows, 0);
	assert_false(fake_dm.resumed_anothers);
}

static void heals_by_the_superblock(void **state)
{
	(void)state;
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	assert_string_equal(healed.source, "superblock");
	assert_int_equal(healed.from_sectors, SMALL_SECTORS);
	assert_string_equal(fake_dm.log, "load 8388608, resume");
	expect_heal(HEAL_KEPT, LARGE_SECTORS);
	assert_string_equal(fake_dm.log, "load 8388608, resume");
}

static void heals_by_the_ledger_if_it_is_larger(void **state)
{
	(void)state;
	put_entry(entry_of(2 * LARGE_SECTORS, LEDGER_INTENDED));
	expect_heal(HEAL_DONE, 2 * LARGE_SECTORS);
	assert_string_equal(healed.source, "ledger");
}

static void reports_an_interrupted_growth(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	put_entry(entry_of(LARGE_SECTORS, LEDGER_INTENDED));
	expect_heal(HEAL_KEPT, LARGE_SECTORS);
	assert_int_equal(healed.intended_sectors, LARGE_SECTORS);
	put_entry(entry_of(LARGE_SECTORS, LEDGER_DONE));
	expect_heal(HEAL_KEPT, LARGE_SECTORS);
	assert_int_equal(healed.intended_sectors, 0);
}

static void never_shrinks(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = 4 * LARGE_SECTORS;
	put_entry(entry_of(2 * LARGE_SECTORS, LEDGER_DONE));
	expect_heal(HEAL_KEPT, 4 * LARGE_SECTORS);
	assert_string_equal(fake_dm.log, "");
}

static void an_entry_applies_to_one_device_only(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct ledger_entry entry = entry_of(2 * LARGE_SECTORS, LEDGER_DONE);

		if (i == 0)
			strcpy(entry.pool, "other-pool");
		else if (i == 1)
			entry.thin_id++;
		else
			entry.fs_uuid[3] ^= 1;
		put_entry(entry);
		fake_dm.thin.live.sectors = SMALL_SECTORS;
		expect_heal(HEAL_DONE, LARGE_SECTORS);
		assert_string_equal(healed.source, "superblock");
	}
}

/* A damaged superblock, or a filesystem that is unknown here. */
static void without_a_uuid_the_ledger_heals_the_device_that_it_names(void **state)
{
	(void)state;
	fake_fs.superblock_damage = 1;
	for (int i = 0; i < 3; i++) {
		struct ledger_entry entry = entry_of(2 * LARGE_SECTORS, LEDGER_DONE);

		if (i == 1) /* its origin, or a snapshot of it */
			entry.thin_id++;
		else if (i == 2)
			strcpy(entry.pool, "other-pool");
		put_entry(entry);
		fake_dm.thin.live.sectors = SMALL_SECTORS;
		if (i > 0) {
			expect_heal(HEAL_KEPT, SMALL_SECTORS);
		} else {
			expect_heal(HEAL_DONE, 2 * LARGE_SECTORS);
			assert_string_equal(healed.source, "ledger");
		}
	}
}

static void a_damaged_entry_is_a_warning(void **state)
{
	char *path = path_in(ledger_dir, "docker-8:1-42-thin");

	(void)state;
	put_entry(entry_of(2 * LARGE_SECTORS, LEDGER_DONE));
	write_file(path, "sectors=16777216\n");
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	assert_contains(healed.warning.text, path);
	free(path);
}

static void does_not_touch_devices_of_others(void **state)
{
	(void)state;
	heal_order.is_engines = no_name;
	expect_heal(HEAL_NOT_APPLICABLE, SMALL_SECTORS);
	heal_order.is_engines = all_names;
	fake_dm.thin.read_only = true;
	expect_heal(HEAL_NOT_APPLICABLE, SMALL_SECTORS);
	fake_dm.thin.read_only = false;
	fake_dm.thin.uuid = "LVM-x";
	expect_heal(HEAL_NOT_APPLICABLE, SMALL_SECTORS);
	assert_string_equal(fake_dm.log, "");
}

static void waits_for_a_suspended_device(void **state)
{
	(void)state;
	fake_dm_suspend_by_another(4);
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	assert_string_equal(fake_dm.log, "load 8388608, resume");
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	heal_order.timeout_ms = 20;
	fake_dm_suspend_by_another(0);
	assert_int_equal(heal(), -ETIMEDOUT);
	assert_contains(why.text, "suspended by another program");
	assert_true(fake_dm.thin.suspended);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 1);
}

static void suspend_pool(void)
{
	fake_dm_suspend_pool(3);
}

/* No load is tried before the resume: each would add two lines to the kernel's log. */
static void waits_for_a_suspended_pool(void **state)
{
	(void)state;
	fake_dm_suspend_pool(5);
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	assert_int_equal(fake_dm.complaints, 0);
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	heal_order.timeout_ms = 20;
	fake_dm_suspend_pool(0);
	assert_int_equal(heal(), -ETIMEDOUT);
	assert_contains(why.text, "\"docker-8:1-42-thin\" is still suspended, because its pool "
				  "\"docker-pool\" is");
	assert_int_equal(fake_dm.complaints, 0);
}

/* Suspended right before a load, the load is refused once. */
static void a_pool_may_be_suspended_at_any_moment(void **state)
{
	unsigned int k;

	for (k = 1; k == 1 || fake_dm.calls >= k - 1; k++) {
		teardown_heal(state);
		setup_heal(state);
		heal_order.timeout_ms = 5000;
		fake_dm.meddle_at = (struct fake_when){ANY_CALL, k};
		fake_dm.meddle = suspend_pool;
		expect_heal(HEAL_DONE, LARGE_SECTORS);
		assert_true(fake_dm.complaints <= 1);
		assert_false(fake_fs_device_is_open());
	}
	assert_true(k > 8);
}

static bool replaced;

/* The kernel reuses the number of a removed device; a device is not removed while it is open. */
static void replace_device(void)
{
	if (fake_fs_device_is_open())
		return;
	replaced = true;
	fake_dm.thin.name = "docker-8:1-42-other";
	fake_dm.thin.live = (struct fake_table){1, SMALL_SECTORS, "thin", "1234:3 18"};
	fake_dm.thin.inactive = (struct fake_table){0};
}

static void a_reused_device_number_never_gets_another_devices_table(void **state)
{
	unsigned int k, n = 0;

	for (k = 1; k == 1 || fake_dm.calls >= k - 1; k++) {
		teardown_heal(state);
		setup_heal(state);
		put_entry(entry_of(2 * LARGE_SECTORS, LEDGER_DONE));
		replaced = false;
		fake_dm.meddle_at = (struct fake_when){ANY_CALL, k};
		fake_dm.meddle = replace_device;
		assert_int_equal(heal(), 0);
		assert_int_equal(fake_dm.thin.live.sectors,
				 replaced ? LARGE_SECTORS : 2 * LARGE_SECTORS);
		assert_string_equal(fake_dm.thin.live.params, replaced ? "1234:3 18" : "1234:3 17");
		assert_string_equal(healed.device.name, fake_dm.thin.name);
		assert_false(fake_dm.thin.suspended);
		n += replaced;
	}
	assert_true(n > 1);
}

static void remove_device(void)
{
	fake_dm.thin.gone = true;
}

static void reports_nothing_about_a_device_that_was_removed_meanwhile(void **state)
{
	unsigned int k, n = 0;

	for (k = 1; k == 1 || fake_dm.calls >= k - 1; k++) {
		teardown_heal(state);
		setup_heal(state);
		put_entry(entry_of(2 * LARGE_SECTORS, LEDGER_INTENDED));
		fake_dm.meddle_at = (struct fake_when){ANY_CALL, k};
		fake_dm.meddle = remove_device;
		if (heal() < 0 || healed.result != HEAL_NOT_APPLICABLE)
			continue;
		assert_null(healed.device.name);
		assert_int_equal(healed.intended_sectors, 0);
		assert_int_equal(healed.want_sectors, 0);
		assert_string_equal(healed.warning.text, "");
		n++;
	}
	assert_true(n > 1);
}

/* As "dmsetup remove --force" does before it removes it */
static void fail_its_io(void)
{
	fake_dm.thin.live.target = "error";
	fake_dm.thin.live.params[0] = '\0';
	fake_fs.device_read_errno = EIO;
}

static void reports_nothing_about_a_device_that_is_removed_by_force(void **state)
{
	(void)state;
	fake_fs_before_pread = fail_its_io;
	assert_int_equal(heal(), 0);
	assert_int_equal(healed.result, HEAL_NOT_APPLICABLE);
	assert_string_equal(healed.warning.text, "");
	assert_string_equal(fake_dm.log, "");
}

static void reports_a_device_that_cannot_be_read(void **state)
{
	(void)state;
	fake_fs.device_read_errno = EIO;
	assert_int_equal(heal(), -EIO);
	assert_contains(why.text, "reading its superblock: Input/output error");
}

static void a_removed_device_needs_no_healing(void **state)
{
	(void)state;
	fake_dm.thin.gone = true;
	assert_int_equal(heal(), 0);
	assert_int_equal(healed.result, HEAL_NOT_APPLICABLE);
	assert_string_equal(healed.warning.text, "");
}

static void ignores_a_superblock_beyond_max_size(void **state)
{
	(void)state;
	fake_fs.bytes = 2 * TIB;
	expect_heal(HEAL_KEPT, SMALL_SECTORS);
	assert_contains(healed.warning.text, "more than the configuration allows");
	fake_dm.thin.live.sectors = 2 * TIB / 512;
	expect_heal(HEAL_KEPT, 2 * TIB / 512);
	assert_string_equal(healed.warning.text, "");
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	put_entry(entry_of(2 * TIB / 512, LEDGER_DONE));
	expect_heal(HEAL_DONE, 2 * TIB / 512);
}

static void a_superblock_beyond_max_size_does_not_hide_the_ledger(void **state)
{
	(void)state;
	fake_fs.bytes = 2 * TIB;
	put_entry(entry_of(LARGE_SECTORS, LEDGER_DONE));
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	assert_string_equal(healed.source, "ledger");
	assert_contains(healed.warning.text, "more than the configuration allows");
}

static struct ledger_entry entry_of_a_vm(void)
{
	struct ledger_entry entry = entry_of(LARGE_SECTORS, LEDGER_DONE);

	entry.in_vm = true;
	return entry;
}

static void a_guest_gains_nothing_by_its_superblock(void **state)
{
	struct ledger_entry entry = entry_of_a_vm();

	(void)state;
	fake_fs.bytes = 2 * LARGE;
	put_entry(entry);
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	assert_string_equal(healed.source, "ledger");
	assert_true(healed.in_vm);
	assert_contains(healed.warning.text, "superblock says 8 GiB");
	assert_contains(healed.warning.text, "given to a virtual machine");
	expect_heal(HEAL_KEPT, LARGE_SECTORS);
	entry.fs_uuid[0] ^= 1;
	put_entry(entry);
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	expect_heal(HEAL_DONE, LARGE_SECTORS);
}

static void what_a_guest_needs_is_what_the_ledger_says(void **state)
{
	struct ledger_entry entry = entry_of_a_vm();

	(void)state;
	fake_fs.bytes = LARGE;
	entry.sectors = SMALL_SECTORS;
	put_entry(entry);
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	expect_heal(HEAL_KEPT, LARGE_SECTORS);
	assert_int_equal(healed.want_sectors, SMALL_SECTORS);
	assert_string_equal(healed.warning.text, "");
}

static unsigned int asked;
static uint64_t trusted_sectors;

static uint64_t ask_whose(const struct thin_device *device, const void *context, struct why *reason)
{
	assert_string_equal(device->name, "docker-8:1-42-thin");
	assert_ptr_equal(context, &asked);
	asked++;
	why_set(reason, 0, "but it is a guest's");
	return trusted_sectors;
}

static void asks_whose_device_it_is_only_if_the_superblock_says_more(void **state)
{
	(void)state;
	asked = 0;
	heal_order.trusts = ask_whose;
	heal_order.trusts_context = &asked;
	put_entry(entry_of(LARGE_SECTORS, LEDGER_DONE));
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	expect_heal(HEAL_KEPT, LARGE_SECTORS);
	assert_int_equal(asked, 0);
	fake_fs.bytes = 2 * LARGE;
	trusted_sectors = 0;
	expect_heal(HEAL_KEPT, LARGE_SECTORS);
	assert_int_equal(asked, 1);
	assert_string_equal(healed.warning.text, "its superblock says 8 GiB, but it is a guest's");
	trusted_sectors = UINT64_MAX;
	expect_heal(HEAL_DONE, 2 * LARGE_SECTORS);
	assert_string_equal(healed.warning.text, "");
}

static void a_superblock_is_believed_as_far_as_it_is_trusted(void **state)
{
	(void)state;
	heal_order.trusts = ask_whose;
	heal_order.trusts_context = &asked;
	fake_fs.bytes = 2 * LARGE;
	trusted_sectors = LARGE_SECTORS;
	expect_heal(HEAL_DONE, LARGE_SECTORS);
	assert_string_equal(healed.warning.text, "its superblock says 8 GiB, but it is a guest's");
}

static void a_marked_device_is_not_grown_by_the_host(void **state)
{
	(void)state;
	fake_fs.bytes = SMALL;
	put_entry(entry_of_a_vm());
	expect_result(GROW_NOT_APPLICABLE);
	assert_true(report.in_vm);
	assert_contains(why.text, "only its guest can grow the filesystem");
	assert_untouched();
	fake_dm.thin.live.params[7]++; /* another thin id: the mark is of an earlier device */
	expect_result(GROW_DONE);
	assert_false(entry_now().in_vm);
}

static void a_dry_run_only_looks(void **state)
{
	(void)state;
	heal_order.dry_run = true;
	expect_heal(HEAL_DONE, SMALL_SECTORS);
	assert_string_equal(fake_dm.log, "");
}

static void survives_every_failing_call(void **state)
{
	for (unsigned int k = 1;; k++) {
		fake_dm.fault = (struct fake_when){ANY_CALL, k};
		fake_dm.fault_errno = EIO;
		heal();
		if (!fake_dm.faulted)
			break;
		assert_true(fake_dm.thin.live.sectors >= SMALL_SECTORS);
		assert_false(fake_dm.thin.suspended);
		fake_dm.fault = (struct fake_when){0};
		expect_heal(fake_dm.thin.live.sectors < LARGE_SECTORS ? HEAL_DONE : HEAL_KEPT,
			    LARGE_SECTORS);
		teardown_heal(state);
		setup_heal(state);
		assert_true(k < 100);
	}
}

/* --- what disk/grow.c does with the ledger --------------------------------------------------- */

static void a_growth_is_in_the_ledger(void **state)
{
	(void)state;
	fake_fs.bytes = SMALL;
	expect_result(GROW_DONE);
	assert_int_equal(entry_now().sectors, LARGE_SECTORS);
	assert_int_equal(entry_now().state, LEDGER_DONE);
	assert_int_equal(entry_now().thin_id, 17);
	assert_string_equal(entry_now().pool, "docker-pool");
}

static void the_ledger_records_who_grew_it_when_and_from_what_size(void **state)
{
	uint64_t before = (uint64_t)time(NULL);

	(void)state;
	fake_fs.bytes = SMALL;
	order.source = "label:io.oci-thin-grow.size";
	expect_result(GROW_DONE);
	assert_string_equal(entry_now().source, "label:io.oci-thin-grow.size");
	assert_in_range(entry_now().time, before, before + 600);
	assert_int_equal(entry_now().first_sectors, SMALL_SECTORS);
	order.source = "command:grow";
	order.want_bytes = 2 * LARGE;
	expect_result(GROW_DONE);
	assert_string_equal(entry_now().source, "command:grow");
	assert_int_equal(entry_now().first_sectors, SMALL_SECTORS);
}

static void finishing_a_growth_keeps_its_source(void **state)
{
	struct ledger_entry entry = entry_of(LARGE_SECTORS, LEDGER_INTENDED);

	(void)state;
	ledger_set_source(&entry, "rule:databases");
	entry.time = 7;
	entry.first_sectors = 1024;
	put_entry(entry);
	fake_fs.bytes = SMALL;
	expect_result(GROW_DONE);
	assert_int_equal(entry_now().state, LEDGER_DONE);
	assert_string_equal(entry_now().source, "rule:databases");
	assert_int_equal(entry_now().time, 7);
	assert_int_equal(entry_now().first_sectors, 1024);
}

/* What an older entry lacks stays unknown; it is not guessed. */
static void an_entry_without_notes_stays_without_them(void **state)
{
	(void)state;
	put_entry(entry_of(LARGE_SECTORS, LEDGER_INTENDED));
	fake_fs.bytes = SMALL;
	expect_result(GROW_DONE);
	assert_string_equal(entry_now().source, "");
	assert_int_equal(entry_now().time, 0);
	assert_int_equal(entry_now().first_sectors, 0);
}

static void a_growth_that_fails_is_intended_before_it_begins(void **state)
{
	(void)state;
	fake_fs.bytes = SMALL;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RELOAD, 1};
	fake_dm.fault_errno = EIO;
	expect_error(EIO, "loading a table");
	assert_int_equal(entry_now().sectors, LARGE_SECTORS);
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
}

static void changes_nothing_if_the_ledger_cannot_be_written(void **state)
{
	(void)state;
	fake_fs.bytes = SMALL;
	write_file(ledger_dir, "no directory");
	expect_error(ENOTDIR, ledger_dir);
	assert_not_changed();
	assert_int_equal(fake_dm.thin.live.sectors, SMALL_SECTORS);
}

static void an_unfinished_growth_is_finished(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	put_entry(entry_of(LARGE_SECTORS, LEDGER_INTENDED));
	expect_result(GROW_DONE);
	assert_true(report.unfinished);
	assert_int_equal(entry_now().state, LEDGER_DONE);
	expect_result(GROW_KEPT);
}

/* It has the requested size: it must not fail because the rest is not possible now. */
static void a_growth_that_cannot_be_finished_is_a_warning(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	put_entry(entry_of(LARGE_SECTORS, LEDGER_INTENDED));
	strcpy(fake_dm.pool_status, "Fail");
	expect_result(GROW_KEPT);
	assert_false(report.unfinished);
	assert_contains(report.warning.text, "has failed");
	fake_dm.fault = (struct fake_when){DM_DEVICE_TABLE, 2};
	fake_dm.fault_errno = EIO;
	fake_dm.count[DM_DEVICE_TABLE] = 0;
	expect_result(GROW_KEPT);
	assert_contains(report.warning.text, "Input/output error");
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	fake_dm.fault = (struct fake_when){0};
	order.run_dir = "/dev/null";
	expect_result(GROW_KEPT);
	assert_contains(report.warning.text, "/dev/null");
}

/* The kernel's BUG: see check_replay() in disk/grow.c. */
static void ext4_is_not_grown_on_the_mount_that_replayed_its_journal(void **state)
{
	struct ledger_entry entry = entry_of(LARGE_SECTORS, LEDGER_INTENDED);

	(void)state;
	fake_fs.bytes = SMALL;
	memset(entry.boot_id, '0', 8);
	entry.mount_count = 2;
	put_entry(entry);
	expect_postponed("mounted once more");
	assert_not_changed();
	assert_int_equal(entry_now().state, LEDGER_INTENDED);
	assert_int_equal(entry_now().mount_count, 2);
	order.dry_run = true;
	expect_postponed("mounted once more");
	order.dry_run = false;
	entry.mount_count = 1; /* two mounts ago */
	put_entry(entry);
	expect_result(GROW_DONE);
}

#define HEAL_TEST(test)                                                                            \
	cmocka_unit_test_prestate_setup_teardown(test, setup_heal, teardown_heal,                  \
						 &(enum fs_type){FS_EXT4})

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEAL_TEST(heals_by_the_superblock),
		HEAL_TEST(heals_by_the_ledger_if_it_is_larger),
		HEAL_TEST(reports_an_interrupted_growth),
		HEAL_TEST(never_shrinks),
		HEAL_TEST(an_entry_applies_to_one_device_only),
		HEAL_TEST(without_a_uuid_the_ledger_heals_the_device_that_it_names),
		HEAL_TEST(a_damaged_entry_is_a_warning),
		HEAL_TEST(does_not_touch_devices_of_others),
		HEAL_TEST(waits_for_a_suspended_device),
		HEAL_TEST(waits_for_a_suspended_pool),
		HEAL_TEST(a_pool_may_be_suspended_at_any_moment),
		HEAL_TEST(a_reused_device_number_never_gets_another_devices_table),
		HEAL_TEST(reports_nothing_about_a_device_that_was_removed_meanwhile),
		HEAL_TEST(reports_nothing_about_a_device_that_is_removed_by_force),
		HEAL_TEST(reports_a_device_that_cannot_be_read),
		HEAL_TEST(a_removed_device_needs_no_healing),
		HEAL_TEST(ignores_a_superblock_beyond_max_size),
		HEAL_TEST(a_superblock_beyond_max_size_does_not_hide_the_ledger),
		HEAL_TEST(a_guest_gains_nothing_by_its_superblock),
		HEAL_TEST(what_a_guest_needs_is_what_the_ledger_says),
		HEAL_TEST(asks_whose_device_it_is_only_if_the_superblock_says_more),
		HEAL_TEST(a_superblock_is_believed_as_far_as_it_is_trusted),
		HEAL_TEST(a_marked_device_is_not_grown_by_the_host),
		HEAL_TEST(a_dry_run_only_looks),
		HEAL_TEST(survives_every_failing_call),
		HEAL_TEST(a_growth_is_in_the_ledger),
		HEAL_TEST(the_ledger_records_who_grew_it_when_and_from_what_size),
		HEAL_TEST(finishing_a_growth_keeps_its_source),
		HEAL_TEST(an_entry_without_notes_stays_without_them),
		HEAL_TEST(a_growth_that_fails_is_intended_before_it_begins),
		HEAL_TEST(changes_nothing_if_the_ledger_cannot_be_written),
		HEAL_TEST(an_unfinished_growth_is_finished),
		HEAL_TEST(a_growth_that_cannot_be_finished_is_a_warning),
		HEAL_TEST(ext4_is_not_grown_on_the_mount_that_replayed_its_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
