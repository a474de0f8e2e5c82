/* SPDX-License-Identifier: Apache-2.0 */

/* Which pools may be used, and the limit of over-commit. The fake pool has 100 GiB. */

#include "disk/guard.h"

#include "disk/ledger.h"
#include "disk/lock.h"
#include "fake-clock.h"
#include "grow-fixture.h"

#include <dirent.h>

static bool allows(const char *name, const void *context)
{
	return strcmp(name, context) == 0;
}

static void refuses_a_pool_that_is_not_allowed(void **state)
{
	(void)state;
	order.allows_pool = allows;
	order.allows_pool_context = "fast";
	expect_result(GROW_REFUSED);
	assert_true(report.pool_denied);
	assert_string_equal(why.text, "pool \"docker-pool\" may not be used");
	assert_not_changed();
	order.allows_pool_context = "docker-pool";
	expect_result(GROW_DONE);
	assert_false(report.pool_denied);
	assert_large();
}

/* A device that is in the ledger and not active, and may have been removed. */
static void note(const char *device, const char *pool, uint32_t thin_id, uint64_t gib)
{
	struct ledger_entry entry = {.thin_id = thin_id, .sectors = gib * GIB / 512};

	snprintf(entry.device, sizeof(entry.device), "%s", device);
	snprintf(entry.pool, sizeof(entry.pool), "%s", pool);
	assert_int_equal(ledger_boot_id(entry.boot_id), 0);
	assert_int_equal(ledger_write(ledger_dir, &entry, &why), 0);
}

/* The same for a device that is in the pool. */
static void promise(const char *device, const char *pool, uint32_t thin_id, uint64_t gib)
{
	size_t i = 0;

	note(device, pool, thin_id, gib);
	while (fake_dm.thin_ids[i])
		i++;
	assert_true(i < COUNT_OF(fake_dm.thin_ids));
	fake_dm.thin_ids[i] = thin_id;
}

static void counts_the_virtual_sizes_of_the_pools_devices(void **state)
{
	(void)state;
	order.marks.overcommit_thousandths = 2000;
	promise("a", "docker-pool", 1, 150);
	promise("b", "docker-pool", 2, 46);
	promise("elsewhere", "other-pool", 3, 900);
	promise("docker-8:1-42-thin", "docker-pool", 17, 1); /* the device itself */
	expect_result(GROW_DONE);			     /* 200 GiB */
	assert_large();
}

static void refuses_what_would_exceed_the_limit(void **state)
{
	(void)state;
	order.marks.overcommit_thousandths = 2000;
	promise("a", "docker-pool", 1, 150);
	promise("b", "docker-pool", 2, 47);
	expect_result(GROW_REFUSED);
	assert_string_equal(
		why.text, "pool \"docker-pool\" would have devices of 201 GiB, 2.01 times its 100 "
			  "GiB; the limit is 2 (pool_guard.overcommit): extend the pool by 0.5 "
			  "GiB, or request at most 3 GiB");
	assert_not_changed();
	order.dry_run = true;
	expect_result(GROW_REFUSED);
	order.dry_run = false;
	order.marks.overcommit_thousandths = 2010;
	expect_result(GROW_DONE);
	assert_large();
}

static unsigned int count_entries(void)
{
	unsigned int n = 0;
	DIR *dir = opendir(ledger_dir);

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* The entry of a removed device stays until the next `heal --all`. */
static void does_not_count_removed_devices(void **state)
{
	(void)state;
	order.marks.overcommit_thousandths = 2000;
	promise("a", "docker-pool", 1, 150);
	note("b", "docker-pool", 2, 47);
	note("c", "docker-pool", 3, 900);
	order.dry_run = true;
	expect_result(GROW_DONE);
	order.dry_run = false;
	expect_result(GROW_DONE);
	assert_large();
	assert_int_equal(count_entries(), 4); /* with its own */
	assert_false(fake_dm.probe_exists);
}

/* Each lookup of a removed id adds two lines to the kernel's log. */
static void looks_for_removed_devices_only_at_the_limit(void **state)
{
	(void)state;
	order.marks.overcommit_thousandths = 2000;
	note("a", "docker-pool", 1, 100);
	note("elsewhere", "other-pool", 2, 900);
	expect_result(GROW_DONE);
	assert_int_equal(fake_dm.count[DM_DEVICE_CREATE], 0);
	start_again(state);
	order.marks.overcommit_thousandths = 2000;
	for (uint32_t id = 1; id <= 5; id++) {
		char name[] = {(char)('a' + id), '\0'};

		note(name, "docker-pool", id, 45);
	}
	note("elsewhere", "other-pool", 9, 900);
	expect_result(GROW_DONE);
	assert_int_equal(fake_dm.count[DM_DEVICE_CREATE], 1);
}

/* If it is unknown whether a device was removed, it is counted. */
static void counts_devices_that_may_or_may_not_be_removed(void **state)
{
	(void)state;
	order.marks.overcommit_thousandths = 2000;
	note("a", "docker-pool", 1, 900);
	fake_dm.fault = (struct fake_when){DM_DEVICE_CREATE, 1};
	fake_dm.fault_errno = EBUSY;
	expect_result(GROW_REFUSED);
	assert_contains(why.text, "9.04 times");
}

static void takes_the_larger_of_table_and_ledger(void **state)
{
	(void)state;
	order.marks.overcommit_thousandths = 2000;
	promise("a", "docker-pool", 1, 150);
	promise("again", "docker-pool", 1, 197);
	expect_result(GROW_REFUSED);
	assert_contains(why.text, "2.01 times");
}

/* The container that had the thin id before was removed, and is still in the ledger. */
static void counts_a_reused_thin_id_once(void **state)
{
	struct thin_pool pool = {.name = strdup("docker-pool"),
				 .block_sectors = 128,
				 .data_blocks = 100 * GIB / 512 / 128,
				 .metadata_blocks = 1000};
	struct thin_device other = {.thin_id = 5, .pool = FAKE_POOL};
	struct pool_marks marks = {95, 90, 2000};

	(void)state;
	note("removed", "docker-pool", 17, 900);
	assert_int_equal(guard_check(&marks, ledger_dir, &pool, &other, GIB / 512, 0, &why), 0);
	note("docker-8:1-42-thin", "docker-pool", 17, 900);
	assert_int_equal(guard_check(&marks, ledger_dir, &pool, &other, GIB / 512, 0, &why),
			 -ENOSPC);
	thin_pool_free(&pool);
}

/* A fraction is not rounded: one sector too much is too much. */
static void the_limit_is_exact(void **state)
{
	struct thin_pool pool = {.name = strdup("p"), .block_sectors = 128, .data_blocks = 1000};
	struct pool_marks marks = {95, 90, 1500};

	(void)state;
	assert_int_equal(guard_check_overcommit(&pool, &marks, 192000, 1, &why), 0);
	assert_int_equal(guard_check_overcommit(&pool, &marks, 192001, 1, &why), -ENOSPC);
	assert_contains(why.text, "1.501 times");
	assert_contains(why.text, "the limit is 1.5 ");
	marks.overcommit_thousandths = 0;
	assert_int_equal(guard_check_overcommit(&pool, &marks, UINT64_MAX / 1024, 1, &why), 0);
	free(pool.name);
}

static void lists_no_devices_without_a_limit(void **state)
{
	(void)state;
	expect_result(GROW_DONE);
	assert_int_equal(fake_dm.count[DM_DEVICE_LIST], 0);
}

/* @blocks of the pool are claimed by another growth, or another growth holds the pool's lock. */
static int another_growth(uint64_t blocks)
{
	struct deadline deadline;
	int fd = -EBADF;

	assert_int_equal(deadline_start(&deadline, 1000), 0);
	assert_int_equal(lock_device(run_dir, FAKE_POOL, &deadline, &fd, &why), 0);
	deadline_stop(&deadline);
	if (blocks) {
		lock_claim(fd, blocks);
		lock_release(fd);
	}
	return fd;
}

/* Without the lock two growths at once would both find room for one. */
static void looks_for_room_under_the_pools_lock(void **state)
{
	int fd = another_growth(0);

	(void)state;
	order.timeout_ms = 40;
	fake_clock(false);
	expect_postponed("holds the lock");
	fake_clock(true);
	assert_not_changed();
	close(fd);
	expect_result(GROW_DONE);
	assert_large();
}

/* The mappings of 500,000 blocks would not fit into the pool's metadata. */
static void waits_if_others_will_use_the_room(void **state)
{
	int fd = another_growth(300000);

	(void)state;
	expect_result(GROW_DONE); /* both fit */
	close(fd);
	start_again(state);
	fd = another_growth(500000);
	expect_postponed("until the growths on it that are under way are done");
	assert_not_changed();
	close(fd);
	expect_result(GROW_DONE);
	assert_large();
}

static uint64_t claimed_meanwhile;

static void look_at_claims(void)
{
	int fd = another_growth(0);

	claimed_meanwhile = lock_claimed_blocks(fd);
	close(fd);
}

/* The lock of the pool itself is released in the meantime. */
static void claims_what_it_will_write(void **state)
{
	int fd;

	(void)state;
	fake_dm.meddle_at = (struct fake_when){DM_DEVICE_RELOAD, 1};
	fake_dm.meddle = look_at_claims;
	expect_result(GROW_DONE);
	assert_int_equal(claimed_meanwhile, growfs_cost_blocks(&report.fs_before, LARGE,
							       report.pool.block_sectors * 512));
	assert_true(claimed_meanwhile > 0);
	fd = another_growth(0);
	assert_int_equal(lock_claimed_blocks(fd), 0);
	close(fd);
}

/* --- the pool: 1,000 blocks of 64 KiB of data, 1,000 of metadata ----------------------------- */

static const struct pool_marks usual_marks = {95, 90, 0};

static int check_room(uint64_t data_used, uint64_t metadata_used, uint64_t cost)
{
	struct thin_pool pool = {
		.name = (char[]){"p\n"},
		.block_sectors = 128,
		.data_used_blocks = data_used,
		.data_blocks = 1000,
		.metadata_used_blocks = metadata_used,
		.metadata_blocks = 1000,
	};

	why.text[0] = '\0';
	return guard_check_room(&pool, &usual_marks, cost, &why);
}

static void respects_the_limits_in_percent(void **state)
{
	(void)state;
	assert_int_equal(check_room(0, 0, 0), 0);
	assert_int_equal(check_room(950, 900, 0), 0);
	assert_int_equal(check_room(951, 900, 0), -ENOSPC);
	/* 2 blocks more, and 951 are not more than 95 % */
	assert_string_equal(why.text,
			    "pool \"p\\n\" has 95.1 % of its data in use; the limit is 95 "
			    "%: extend the pool by 0.001 GiB");
	assert_int_equal(check_room(950, 901, 0), -ENOSPC);
	assert_contains(why.text, "90.1 % of its metadata in use");
	assert_contains(why.text, "the limit is 90 %");
}

static void adds_the_blocks_that_will_be_written(void **state)
{
	(void)state;
	assert_int_equal(check_room(940, 0, 10), 0);
	assert_int_equal(check_room(940, 0, 11), -ENOSPC);
	assert_contains(why.text, "94.0 % of its data in use, 95.1 % with");
	assert_int_equal(check_room(400, 0, 16384), -ENOSPC);
	assert_string_equal(why.text,
			    "pool \"p\\n\" has 40.0 % of its data in use, 1678.4 % with the 1 GiB "
			    "that the grown filesystem's own metadata takes (0.037 GiB are free); "
			    "the limit is 95 %: extend the pool by 1.018 GiB, or request less");
}

/* A limit of 100 % still requires that the pool has the blocks. */
static void never_allows_more_than_the_pool_has(void **state)
{
	struct thin_pool pool = {
		.name = (char[]){"p"},
		.block_sectors = 128,
		.data_used_blocks = 999999,
		.data_blocks = 1000000,
		.metadata_blocks = 1000,
	};

	(void)state;
	assert_int_equal(guard_check_room(&pool, &(struct pool_marks){100, 100, 0}, 1, &why), 0);
	assert_int_equal(guard_check_room(&pool, &(struct pool_marks){100, 100, 0}, 2, &why),
			 -ENOSPC);
	pool.data_used_blocks = 1000001;
	assert_int_equal(guard_check_room(&pool, &(struct pool_marks){100, 100, 0}, 0, &why),
			 -ENOSPC);
}

static void survives_any_cost(void **state)
{
	(void)state;
	for (unsigned int bit = 10; bit < 64; bit++)
		assert_int_equal(check_room(0, 0, UINT64_C(1) << bit), -ENOSPC);
	assert_int_equal(check_room(1, 0, UINT64_MAX), -ENOSPC);
}

/* How much pool metadata growths took in a pool with blocks of 64 KiB; see test-growfs.c. */
static void knows_the_metadata_cost_of_mappings(void **state)
{
	static const struct {
		uint64_t cost_blocks, measured;
	} growths[] = {{8, 1}, {322, 2}, {4966, 22}, {9284, 39}, {10117, 43}, {13737, 63}};
	struct thin_pool pool = {
		.name = (char[]){"p"}, .block_sectors = 128, .data_blocks = 1000000};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(growths); i++) {
		uint64_t cost = growths[i].cost_blocks;
		struct pool_marks all = {100, 100, 0};

		pool.metadata_blocks = growths[i].measured - 1;
		assert_int_equal(guard_check_room(&pool, &all, cost, &why), -ENOSPC);
		assert_contains(why.text, "with what maps the grown filesystem's own metadata");
		pool.metadata_blocks = 2 * growths[i].measured + 34;
		assert_int_equal(guard_check_room(&pool, &all, cost, &why), 0);
	}
}

static void refuses_a_pool_in_trouble(void **state)
{
	struct thin_pool pool = {
		.name = (char[]){"p"},
		.block_sectors = 128,
		.data_blocks = 1000,
		.metadata_blocks = 1000,
		.trouble = "on fire",
	};

	(void)state;
	assert_int_equal(guard_check_room(&pool, &usual_marks, 0, &why), -ENOSPC);
	assert_contains(why.text, "pool \"p\" is on fire");
	pool.trouble = NULL;
	assert_int_equal(guard_check_room(&pool, &usual_marks, 0, &why), 0);
	pool.data_blocks = 0; /* full in any case */
	assert_int_equal(guard_check_room(&pool, &usual_marks, 0, &why), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FS_TEST(refuses_a_pool_that_is_not_allowed, FS_EXT4),
		FS_TEST(counts_the_virtual_sizes_of_the_pools_devices, FS_EXT4),
		FS_TEST(refuses_what_would_exceed_the_limit, FS_EXT4),
		FS_TEST(does_not_count_removed_devices, FS_EXT4),
		FS_TEST(looks_for_removed_devices_only_at_the_limit, FS_EXT4),
		FS_TEST(counts_devices_that_may_or_may_not_be_removed, FS_EXT4),
		FS_TEST(takes_the_larger_of_table_and_ledger, FS_EXT4),
		FS_TEST(counts_a_reused_thin_id_once, FS_EXT4),
		FS_TEST(the_limit_is_exact, FS_EXT4),
		FS_TEST(lists_no_devices_without_a_limit, FS_EXT4),
		FS_TEST(looks_for_room_under_the_pools_lock, FS_EXT4),
		FS_TEST(waits_if_others_will_use_the_room, FS_EXT4),
		EACH_FS(claims_what_it_will_write),
		cmocka_unit_test(respects_the_limits_in_percent),
		cmocka_unit_test(adds_the_blocks_that_will_be_written),
		cmocka_unit_test(never_allows_more_than_the_pool_has),
		cmocka_unit_test(knows_the_metadata_cost_of_mappings),
		cmocka_unit_test(survives_any_cost),
		cmocka_unit_test(refuses_a_pool_in_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
