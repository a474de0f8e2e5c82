/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/watch.h"

#include "unit.h"

#include <sys/sysmacros.h>

static struct watch_table table;
static const char *source;

static int tear_down(void **state)
{
	(void)state;
	watch_free(&table);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	source = "/dev/mapper/snap-1";
	return 0;
}

/* Mounts of devices 254:1, 254:2, ... at the paths, "" is none; then table is synchronized. */
static void mounted(uint64_t now, const char *const paths[], size_t n)
{
	struct mount_point mounts[8] = {0};
	struct mount_list list = {mounts, 0};

	for (size_t i = 0; i < n; i++) {
		if (*paths[i])
			mounts[list.n++] =
				(struct mount_point){.dev = makedev(254, (unsigned int)i + 1),
						     .path = strdup(paths[i]),
						     .source = strdup(source)};
	}
	assert_int_equal(watch_sync(&table, &list, now), 0);
	for (size_t i = 0; i < list.n; i++) {
		free(mounts[i].path);
		free(mounts[i].source);
	}
}

static struct watch *watch_of(unsigned int minor_number)
{
	return watch_find(&table, makedev(254, minor_number));
}

static void what_is_mounted_is_looked_at_and_sampled_at_once(void **state)
{
	(void)state;
	mounted(1000, (const char *const[]){"/a", "/b"}, 2);
	assert_int_equal(table.n, 2);
	assert_string_equal(watch_of(2)->mount.path, "/b");
	assert_int_equal(watch_of(2)->look_at_ms, 1000);
	assert_int_equal(watch_of(2)->sample_at_ms, 1000);
}

static void what_stays_mounted_is_remembered(void **state)
{
	(void)state;
	mounted(1000, (const char *const[]){"/a", "/b"}, 2);
	watch_of(1)->state = WATCH_KNOWN;
	mounted(2000, (const char *const[]){"/a", "", "/c"}, 3);
	assert_int_equal(table.n, 2);
	assert_int_equal(watch_of(1)->state, WATCH_KNOWN);
	assert_null(watch_of(2));
	assert_int_equal(watch_of(3)->look_at_ms, 2000);
}

/* The number of a removed device is given to the next one at once. */
static void another_mount_with_the_number_of_the_last_is_new(void **state)
{
	(void)state;
	mounted(1000, (const char *const[]){"/a"}, 1);
	watch_of(1)->state = WATCH_KNOWN;
	mounted(2000, (const char *const[]){"/b"}, 1);
	assert_int_equal(table.n, 1);
	assert_int_equal(watch_of(1)->state, WATCH_NEW);
}

/* A container that is created again under its name has its rootfs at the same path. */
static void another_device_at_the_same_path_is_new(void **state)
{
	(void)state;
	mounted(1000, (const char *const[]){"/a"}, 1);
	watch_of(1)->state = WATCH_KNOWN;
	source = "/dev/mapper/snap-2";
	mounted(2000, (const char *const[]){"/a"}, 1);
	assert_int_equal(table.n, 1);
	assert_int_equal(watch_of(1)->state, WATCH_NEW);
	assert_int_equal(watch_of(1)->look_at_ms, 2000);
}

static void pools_are_kept_while_a_container_uses_them(void **state)
{
	struct pool *pool = watch_pool(&table, makedev(254, 100));

	(void)state;
	assert_ptr_equal(watch_pool(&table, makedev(254, 100)), pool);
	mounted(1000, (const char *const[]){"/a"}, 1);
	watch_of(1)->state = WATCH_KNOWN;
	watch_of(1)->owner.pool = makedev(254, 100);
	watch_drop_pools(&table);
	assert_ptr_equal(watch_find_pool(&table, makedev(254, 100)), pool);
	mounted(2000, NULL, 0);
	watch_drop_pools(&table);
	assert_int_equal(table.n_pools, 0);
}

/* Whether their disks are mounted or not. */
static void a_pool_has_the_steps_of_its_disks(void **state)
{
	const dev_t pool = makedev(254, 100);

	(void)state;
	mounted(1000, (const char *const[]){"/a", "/b", "/c"}, 3);
	for (unsigned int i = 1; i <= 3; i++) {
		watch_of(i)->owner.pool = i == 3 ? makedev(254, 101) : pool;
		watch_of(i)->remembered_ms = 5000;
		assert_int_equal(budget_spend(&watch_of(i)->steps, 1000), 0);
	}
	mounted(2000, (const char *const[]){"/a", "", "/c"}, 3);
	assert_int_equal(watch_pool_spent(&table, pool, 5000, 2000), 2);
	assert_int_equal(watch_pool_spent(&table, pool, 5000, 6000), 0);
}

static void a_change_of_the_pool_ends_the_back_off_of_its_own(void **state)
{
	(void)state;
	mounted(1000, (const char *const[]){"/a", "/b"}, 2);
	for (unsigned int i = 1; i <= 2; i++) {
		watch_of(i)->owner.pool = makedev(254, 100 + i);
		watch_of(i)->backoff_ms = 5000;
		watch_of(i)->backoff_until_ms = 9000;
	}
	watch_end_backoff(&table, makedev(254, 101));
	assert_int_equal(watch_of(1)->backoff_until_ms, 0);
	assert_int_equal(watch_of(2)->backoff_until_ms, 9000);
	watch_end_backoff(&table, 0);
	assert_int_equal(watch_of(2)->backoff_until_ms, 0);
	assert_int_equal(watch_of(2)->backoff_ms, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_mounted_is_looked_at_and_sampled_at_once),
		test(what_stays_mounted_is_remembered),
		test(another_mount_with_the_number_of_the_last_is_new),
		test(another_device_at_the_same_path_is_new),
		test(pools_are_kept_while_a_container_uses_them),
		test(a_pool_has_the_steps_of_its_disks),
		test(a_change_of_the_pool_ends_the_back_off_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
