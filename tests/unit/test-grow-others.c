/* SPDX-License-Identifier: Apache-2.0 */

/* Other programs change the same device, or hold the lock. */

#include "fake-clock.h"
#include "grow-fixture.h"

#include <sys/file.h>

static void waits_while_another_program_has_suspended_the_device(void **state)
{
	for (unsigned int lookups = 1; lookups <= 6; lookups++) {
		start_again(state);
		fake_dm_suspend_by_another(lookups);
		expect_result(GROW_DONE);
		assert_large();
	}
}

static void never_resumes_what_another_program_suspended(void **state)
{
	(void)state;
	order.timeout_ms = 40;
	fake_dm_suspend_by_another(0);
	expect_postponed("suspended by another program");
	assert_true(fake_dm.thin.suspended);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 0);
	assert_int_equal(fake_fs.grows, 0);
	assert_safe(SMALL_SECTORS);
}

static void waits_while_the_pool_is_suspended(void **state)
{
	(void)state;
	order.timeout_ms = 40;
	fake_dm_suspend_pool(0);
	expect_postponed("because its pool \"docker-pool\" is");
	assert_int_equal(fake_dm.complaints, 0);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 0);
}

/* With only the filesystem left to grow, its ioctl would hang in the kernel beyond any deadline. */
static void does_not_grow_a_filesystem_on_a_suspended_device(void **state)
{
	(void)state;
	order.timeout_ms = 40;
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	fake_dm_suspend_by_another(0);
	expect_postponed("suspended by another program");
	assert_int_equal(fake_fs.grows, 0);
	fake_dm_suspend_by_another(4);
	order.timeout_ms = 5000;
	expect_result(GROW_DONE);
	assert_large();
}

static void suspend_for_three_lookups(void)
{
	fake_dm_suspend_by_another(3);
}

/* The suspend comes at any moment, up to the one between our last look and the resume. */
static void waits_whenever_the_suspend_happens(void **state)
{
	static const int types[] = {DM_DEVICE_TABLE, DM_DEVICE_STATUS, DM_DEVICE_RELOAD};

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		for (unsigned int k = 1; k <= 8; k++) {
			start_again(state);
			fake_dm.meddle_at = (struct fake_when){types[i], k};
			fake_dm.meddle = suspend_for_three_lookups;
			expect_result(GROW_DONE);
			assert_large();
		}
	}
}

static void become_another(void)
{
	fake_dm.thin.name = "docker-8:1-42-other";
	strcpy(fake_dm.thin.live.params, "1234:3 18");
}

/* By rename or by a new table: nothing is loaded into it or resumed. */
static void does_not_touch_a_device_that_was_replaced(void **state)
{
	(void)state;
	fake_dm.meddle_at = (struct fake_when){DM_DEVICE_RELOAD, 1};
	fake_dm.meddle = become_another;
	fake_dm.foreign_loads = true;
	expect_error(ESTALE, "\"docker-8:1-42-other\" with the table");
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 0);
	assert_int_equal(fake_dm.thin.inactive.targets, 0);
	assert_int_equal(fake_dm.thin.live.sectors, SMALL_SECTORS);
}

static void load_shorter(void)
{
	fake_dm_load(SMALL_SECTORS / 2);
}

static void reports_that_another_load_won(void **state)
{
	(void)state;
	fake_dm.meddle_at = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.meddle = load_shorter;
	expect_error(EIO, "device should have 8388608 sectors and has 1048576 (2097152 before)");
	assert_int_equal(fake_fs.grows, 0);
}

/* XFS: the second resume has the same gap as the first. */
static void reports_that_another_load_won_while_settling(void **state)
{
	(void)state;
	fake_dm.meddle_at = (struct fake_when){DM_DEVICE_RESUME, 2};
	fake_dm.meddle = load_shorter;
	expect_error(EIO, "8388608 sectors and has 1048576");
}

/* Another program makes the device longer than requested, at any moment: it keeps that length. */
static void keeps_the_length_that_another_program_gave(void **state)
{
	unsigned int k;

	for (k = 1; k == 1 || fake_dm.calls >= k - 1; k++) {
		start_again(state);
		fake_dm.meddle_at = (struct fake_when){ANY_CALL, k};
		fake_dm.meddle = lengthen;
		grow();
		assert_safe(fake_dm.calls < k ? LARGE_SECTORS : 2 * LARGE_SECTORS);
	}
	assert_true(k > 8);
}

static void finish_the_work(void)
{
	fake_dm.thin.live.sectors = LARGE_SECTORS;
	fake_fs.bytes = LARGE;
}

/* Another run has grown the device while this one waited for the lock. */
static void looks_again_under_the_lock(void **state)
{
	(void)state;
	fake_dm.meddle_at = (struct fake_when){ANY_CALL, 2};
	fake_dm.meddle = finish_the_work;
	expect_result(GROW_KEPT);
	assert_string_equal(fake_dm.log, "");
	assert_large();
}

static int open_lock_file(void)
{
	char *path = path_in(run_dir, "1234:7.lock");
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	free(path);
	return fd;
}

static bool lock_was_free;

static void try_to_lock(void)
{
	int fd = open_lock_file();

	lock_was_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
	close(fd);
}

static void holds_the_lock_from_the_last_look_to_the_end(void **state)
{
	unsigned int k = 2; /* the first look does not take it */

	do {
		start_again(state);
		lock_was_free = false;
		fake_dm.meddle_at = (struct fake_when){ANY_CALL, k};
		fake_dm.meddle = try_to_lock;
		expect_result(GROW_DONE);
		assert_false(lock_was_free);
	} while (fake_dm.calls > k++);
	try_to_lock();
	assert_true(lock_was_free);
}

static void waits_no_longer_than_the_deadline_for_the_lock(void **state)
{
	int fd;

	(void)state;
	expect_result(GROW_DONE); /* creates the file */
	fd = open_lock_file();
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	fake_dm.thin.live.sectors = SMALL_SECTORS;
	fake_fs.bytes = SMALL;
	fake_dm.log[0] = '\0';
	order.timeout_ms = 40;
	fake_clock(false);
	expect_postponed("holds the lock");
	assert_not_changed();
	close(fd);
}

static void fails_if_it_cannot_lock(void **state)
{
	(void)state;
	write_file(run_dir, "no directory");
	assert_true(grow() < 0);
	assert_contains(why.text, run_dir);
	assert_not_changed();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_FS(waits_while_another_program_has_suspended_the_device),
		EACH_FS(never_resumes_what_another_program_suspended),
		EACH_FS(waits_while_the_pool_is_suspended),
		EACH_FS(does_not_grow_a_filesystem_on_a_suspended_device),
		EACH_FS(waits_whenever_the_suspend_happens),
		EACH_FS(does_not_touch_a_device_that_was_replaced),
		EACH_FS(reports_that_another_load_won),
		FS_TEST(reports_that_another_load_won_while_settling, FS_XFS),
		EACH_FS(keeps_the_length_that_another_program_gave),
		EACH_FS(looks_again_under_the_lock),
		EACH_FS(holds_the_lock_from_the_last_look_to_the_end),
		EACH_FS(waits_no_longer_than_the_deadline_for_the_lock),
		EACH_FS(fails_if_it_cannot_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
