/* SPDX-License-Identifier: Apache-2.0 */
#include "host/daemon-state.h"

#include "daemon/child.h"
#include "disk/growd-lock.h"
#include "unit.h"

static char *dir;
static struct daemon_state found;
static struct why why;

static int setup(void **state)
{
	(void)state;
	dir = new_directory();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	daemon_state_free(&found);
	remove_directory(dir);
	return 0;
}

static void write_some(uint64_t at_ms)
{
	static uint64_t grown[] = {1000, 2000};
	struct daemon_disk disks[] = {
		{.device = (char[]){"docker-1"},
		 .container = (char[]){"docker:\"w\"eb"},
		 .state = DISK_LIMITED,
		 .size = 4 * GIB,
		 .used = 3 * GIB,
		 .available = GIB,
		 .max = 16 * GIB,
		 .bytes_per_second = 5,
		 .pool = 64769,
		 .grown_ms = grown,
		 .n_grown = 2,
		 .steps = 1,
		 .remembered_ms = 600000,
		 .backoff_ms = 10000,
		 .backoff_until_ms = 12345},
		{.device = (char[]){"x"}, .state = DISK_LEFT},
	};
	struct daemon_pool pools[] = {{.device = (char[]){"pool"},
				       .data_used = 1,
				       .data_size = 2,
				       .metadata_used = 3,
				       .metadata_size = 4,
				       .bytes_per_second = 5}};
	const struct daemon_state some = {.pid = 77,
					  .at_ms = at_ms,
					  .nri = (char[]){"containerd"},
					  .counts = {[COUNT_REFUSED] = 6},
					  .disks = disks,
					  .n_disks = 2,
					  .pools = pools,
					  .n_pools = 1};

	assert_int_equal(daemon_state_write(dir, &some), 0);
}

static void what_is_written_is_read(void **state)
{
	const struct daemon_disk *disk;

	(void)state;
	write_some(99);
	assert_int_equal(daemon_state_read(dir, &found, &why), 1);
	assert_int_equal(found.pid, 77);
	assert_int_equal(found.at_ms, 99);
	assert_string_equal(found.nri, "containerd");
	assert_int_equal(found.counts[COUNT_GROWN], 0);
	assert_int_equal(found.counts[COUNT_REFUSED], 6);
	disk = daemon_state_disk(&found, "docker-1");
	assert_string_equal(disk->container, "docker:\"w\"eb");
	assert_int_equal(disk->state, DISK_LIMITED);
	assert_int_equal(disk->size, 4 * GIB);
	assert_int_equal(disk->used, 3 * GIB);
	assert_int_equal(disk->available, GIB);
	assert_int_equal(disk->max, 16 * GIB);
	assert_int_equal(disk->bytes_per_second, 5);
	assert_int_equal(disk->pool, 64769);
	assert_int_equal(disk->n_grown, 2);
	assert_int_equal(disk->grown_ms[1], 2000);
	assert_int_equal(disk->steps, 1);
	assert_int_equal(disk->remembered_ms, 600000);
	assert_int_equal(disk->backoff_ms, 10000);
	assert_int_equal(disk->backoff_until_ms, 12345);
	disk = daemon_state_disk(&found, "x");
	assert_null(disk->container);
	assert_int_equal(disk->n_grown, 0);
	assert_int_equal(daemon_state_pool(&found, "pool")->metadata_size, 4);
	assert_null(daemon_state_disk(&found, "y"));
	assert_null(daemon_state_pool(&found, "docker-1"));
}

static void without_a_file_there_is_no_state(void **state)
{
	(void)state;
	assert_int_equal(daemon_state_read(dir, &found, &why), 0);
	assert_int_equal(daemon_state_read("/nonexistent", &found, &why), 0);
}

static void put(const char *content)
{
	write_in(dir, DAEMON_STATE, content);
}

static void a_state_from_before_the_reboot_is_none(void **state)
{
	(void)state;
	put("{\"version\":1,\"boot\":\"00000000-0000-0000-0000-000000000000\","
	    "\"filesystems\":{},\"pools\":{}}");
	assert_int_equal(daemon_state_read(dir, &found, &why), 0);
}

/* As many as a budget can have (policy/config-autogrow.c). */
static void of_too_many_steps_only_a_thousand_are_read(void **state)
{
	uint64_t grown[1001] = {0};
	struct daemon_disk disk = {
		.device = (char[]){"docker-1"}, .grown_ms = grown, .n_grown = COUNT_OF(grown)};
	const struct daemon_state some = {.disks = &disk, .n_disks = 1};

	(void)state;
	assert_int_equal(daemon_state_write(dir, &some), 0);
	assert_int_equal(daemon_state_read(dir, &found, &why), 1);
	assert_int_equal(found.disks[0].n_grown, 1000);
}

static void a_damaged_file_is_an_error(void **state)
{
	(void)state;
	put("{\"version\":1");
	assert_true(daemon_state_read(dir, &found, &why) < 0);
	assert_contains(why.text, "growd.json");
}

static void only_a_running_daemon_has_a_state_now(void **state)
{
	int lock;

	(void)state;
	write_some(boottime_now());
	assert_int_equal(daemon_state_now(dir, &found), 0);
	lock = growd_lock(dir);
	assert_true(lock >= 0);
	assert_int_equal(daemon_state_now(dir, &found), 1);
	close(lock);
}

/* It hangs, or RUN_DIR takes no more files. */
static void what_was_not_written_lately_is_not_shown(void **state)
{
	int lock = growd_lock(dir);

	(void)state;
	write_some(boottime_now() - 20000);
	assert_int_equal(daemon_state_now(dir, &found), 1);
	daemon_state_free(&found);
	write_some(boottime_now() - 40000);
	assert_int_equal(daemon_state_now(dir, &found), 0);
	close(lock);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_written_is_read),
		test(without_a_file_there_is_no_state),
		test(a_state_from_before_the_reboot_is_none),
		test(of_too_many_steps_only_a_thousand_are_read),
		test(a_damaged_file_is_an_error),
		test(only_a_running_daemon_has_a_state_now),
		test(what_was_not_written_lately_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
