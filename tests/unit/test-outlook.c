/* SPDX-License-Identifier: Apache-2.0 */
#include "host/outlook.h"

#include "disk/growd-lock.h"
#include "fake-udev.h"
#include "grow-fixture.h"

static struct policy policy;
static struct engine_container container;
static struct outlook_order outlook_order;
static struct outlook outlook;
static char id[] = "0123456789abcdef", device_name[] = "docker-8:1-42-thin";

/* A stopped container of Docker, which remembers 1 GiB, and whose device is not active. */
static int setup_outlook(void **state)
{
	setup(state);
	fake_udev_heals();
	fake_udev.dm_name = device_name;
	fake_dm.thin.gone = true;
	policy = policy_builtin;
	container = (struct engine_container){
		.engine = "docker", .id = id, .device = device_name, .remembered = SMALL};
	outlook_order = (struct outlook_order){
		.policy = &policy,
		.host = &fake_host_heals,
		.run_dir = run_dir,
		.ledger_dir = ledger_dir,
	};
	return 0;
}

static int teardown_outlook(void **state)
{
	outlook_free(&outlook);
	return teardown(state);
}

/* It had 1 GiB, and an operator grew it to 4 GiB. */
static void note(uint32_t thin_id, enum ledger_state entry_state)
{
	struct ledger_entry entry = {
		.pool = "docker-pool",
		.thin_id = thin_id,
		.fs_uuid = "0123456789abcde",
		.sectors = LARGE_SECTORS,
		.state = entry_state,
		.source = "command:grow",
		.first_sectors = SMALL_SECTORS,
	};

	snprintf(entry.device, sizeof(entry.device), "%s", device_name);
	entry.fs_uuid[15] = 'f';
	assert_int_equal(ledger_boot_id(entry.boot_id), 0);
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
}

static void look_at_it(void)
{
	outlook_free(&outlook);
	assert_int_equal(outlook_look(&container, &outlook_order, &outlook), 1);
}

static void expect(uint64_t size_bytes, enum next_start next, uint64_t next_bytes)
{
	look_at_it();
	assert_int_equal(outlook.size_bytes, size_bytes);
	assert_int_equal(outlook.next, next);
	assert_int_equal(outlook.next_bytes, next_bytes);
}

static void what_was_never_grown_is_as_its_engine_made_it(void **state)
{
	(void)state;
	expect(SMALL, NEXT_STARTS, SMALL);
	assert_false(outlook.noted);
	container.remembered = 0; /* missing in the engine's files */
	expect(0, NEXT_STARTS, 0);
	fake_dm.thin.gone = false;
	expect(SMALL, NEXT_STARTS, SMALL);
}

static void a_stopped_container_is_as_large_as_the_ledger_says(void **state)
{
	(void)state;
	note(17, LEDGER_DONE);
	expect(LARGE, NEXT_STARTS, LARGE);
	assert_string_equal(outlook.entry.source, "command:grow");
	assert_int_equal(outlook.engine_bytes, SMALL);
	assert_false(outlook_is_unfinished(&outlook));
}

static void it_will_not_start_where_nothing_heals(void **state)
{
	(void)state;
	outlook_order.host = &fake_host_without_rule;
	expect(SMALL, NEXT_STARTS, SMALL);
	note(17, LEDGER_DONE);
	expect(LARGE, NEXT_FAILS, 0);
	assert_string_equal(outlook.healing.why.text, "the rule is missing");
}

static void it_will_not_start_on_a_device_that_is_too_short(void **state)
{
	(void)state;
	note(17, LEDGER_DONE);
	fake_dm.thin.gone = false; /* re-created at 1 GiB while nothing healed */
	expect(LARGE, NEXT_FAILS, 0);
}

static void the_ledger_has_an_engines_size_that_its_files_lack(void **state)
{
	(void)state;
	container.remembered = 0;
	note(17, LEDGER_DONE);
	look_at_it();
	assert_int_equal(outlook.engine_bytes, SMALL);
}

static void an_entry_of_another_thin_device_is_ignored(void **state)
{
	(void)state;
	note(18, LEDGER_DONE);
	fake_dm.thin.gone = false;
	expect(SMALL, NEXT_STARTS, SMALL);
	assert_false(outlook.noted);
}

static void a_growth_that_was_cut_short_is_unfinished(void **state)
{
	(void)state;
	note(17, LEDGER_INTENDED);
	expect(LARGE, NEXT_STARTS, LARGE);
	assert_true(outlook_is_unfinished(&outlook));
}

/* Neither a fault nor a risk. */
static void the_daemon_continues_a_growth(void **state)
{
	int lock = growd_lock(run_dir);

	(void)state;
	assert_true(lock >= 0);
	note(17, LEDGER_INTENDED);
	expect(LARGE, NEXT_STARTS, LARGE);
	assert_true(outlook_is_unfinished(&outlook));
	assert_true(outlook_grows_later(&outlook));
	assert_int_equal(outlook.verdict.risk, RISK_NONE);
	assert_string_equal(outlook_progress(&outlook), "0 of 4,096 MiB");
	outlook.entry.paused_sectors = SMALL_SECTORS;
	assert_string_equal(outlook_progress(&outlook), "1,024 of 4,096 MiB");
	outlook.disk.filesystem_bytes = 2 * GIB;
	assert_string_equal(outlook_progress(&outlook), "2,048 of 4,096 MiB");
	snprintf(outlook.entry.boot_id, sizeof(outlook.entry.boot_id),
		 "01234567-89ab-cdef-0123-456789abcdef");
	assert_true(outlook_grows_later(&outlook));
	outlook.entry.paused_sectors = 0; /* a crash has cut it short */
	assert_false(outlook_grows_later(&outlook));
	close(lock);
	look_at_it();
	assert_false(outlook_grows_later(&outlook));
	assert_int_equal(outlook.verdict.risk, RISK_UNFINISHED);
}

static void a_pods_container_gets_a_new_disk(void **state)
{
	(void)state;
	container.in_pod = true;
	outlook_order.host = &fake_host_without_rule;
	note(17, LEDGER_DONE);
	expect(LARGE, NEXT_NEW_DISK, 0);
}

static void mark(void)
{
	struct ledger_entry entry;

	assert_int_equal(ledger_read(ledger_dir, device_name, &entry, &why), 1);
	entry.in_vm = true;
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
}

/* By the mark, or by a runtime that may give its disk away; and it must be open. */
static void a_virtual_machine_may_have_it(void **state)
{
	char kata[] = "io.containerd.kata.v2", runc[] = "io.containerd.runc.v2";

	(void)state;
	fake_dm.thin.gone = false;
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	note(17, LEDGER_DONE);
	fake_dm.thin.opens = 1;
	look_at_it();
	assert_false(outlook.in_vm);
	container.runtime = kata;
	look_at_it();
	assert_true(outlook.in_vm);
	container.runtime = runc;
	look_at_it();
	assert_false(outlook.in_vm);
	mark();
	look_at_it();
	assert_true(outlook.in_vm);
	fake_dm.thin.opens = 0;
	look_at_it();
	assert_false(outlook.in_vm);
}

static void a_mark_alone_is_no_growth(void **state)
{
	struct ledger_entry entry;

	(void)state;
	note(17, LEDGER_DONE);
	mark();
	container.remembered = 0;
	look_at_it();
	assert_true(outlook.verdict.grown);
	assert_int_equal(ledger_read(ledger_dir, device_name, &entry, &why), 1);
	entry.first_sectors = 0;
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
	look_at_it();
	assert_false(outlook.verdict.grown);
}

static void what_is_on_no_thin_device_has_no_outlook(void **state)
{
	(void)state;
	container.device = NULL;
	assert_int_equal(outlook_look(&container, &outlook_order, &outlook), 0);
}

static enum fs_type ext4 = FS_EXT4;

#define OUTLOOK_TEST(test)                                                                         \
	cmocka_unit_test_prestate_setup_teardown(test, setup_outlook, teardown_outlook, &ext4)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTLOOK_TEST(what_was_never_grown_is_as_its_engine_made_it),
		OUTLOOK_TEST(a_stopped_container_is_as_large_as_the_ledger_says),
		OUTLOOK_TEST(it_will_not_start_where_nothing_heals),
		OUTLOOK_TEST(it_will_not_start_on_a_device_that_is_too_short),
		OUTLOOK_TEST(the_ledger_has_an_engines_size_that_its_files_lack),
		OUTLOOK_TEST(an_entry_of_another_thin_device_is_ignored),
		OUTLOOK_TEST(a_growth_that_was_cut_short_is_unfinished),
		OUTLOOK_TEST(the_daemon_continues_a_growth),
		OUTLOOK_TEST(a_pods_container_gets_a_new_disk),
		OUTLOOK_TEST(a_virtual_machine_may_have_it),
		OUTLOOK_TEST(a_mark_alone_is_no_growth),
		OUTLOOK_TEST(what_is_on_no_thin_device_has_no_outlook),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
