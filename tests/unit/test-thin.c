/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/thin.h"

#include "fake-dm.h"
#include "unit.h"

#define SECTORS UINT64_C(2097152)

static struct thin_device device;
static struct thin_pool pool;
static struct why why;

static int setup(void **state)
{
	(void)state;
	fake_dm_arm(SECTORS);
	device = (struct thin_device){0};
	pool = (struct thin_pool){0};
	why.text[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	thin_device_free(&device);
	thin_pool_free(&pool);
	fake_dm_disarm();
	return 0;
}

static void look_up(void)
{
	thin_device_free(&device);
	assert_int_equal(thin_lookup(FAKE_THIN, &device, &why), 0);
}

/* For the first call, whichever it is. */
static void libdm_is_quiet_and_waits_for_no_cookie(void **state)
{
	(void)state;
	dm_udev_set_sync_support(1);
	look_up();
	assert_int_equal(dm_udev_get_sync_support(), 0);
	assert_int_equal(dm_get_name_mangling_mode(), DM_STRING_MANGLING_NONE);
	assert_false(dm_log_is_non_default() == 0);
}

static void looks_up_a_thin_device(void **state)
{
	(void)state;
	look_up();
	assert_true(device.dev == FAKE_THIN);
	assert_string_equal(device.name, "docker-8:1-42-thin");
	assert_string_equal(device.uuid, "");
	assert_string_equal(device.target, "thin");
	assert_string_equal(device.params, "1234:3 17");
	assert_int_equal(device.targets, 1);
	assert_int_equal(device.sectors, SECTORS);
	assert_true(device.pool == FAKE_POOL);
	assert_int_equal(device.thin_id, 17);
	assert_false(device.read_only || device.suspended || device.deferred_remove);
	assert_int_equal(fake_dm.calls, 1);
	assert_int_equal(thin_check_plain(&device, &why), 0);
}

static void reads_flags_of_a_device(void **state)
{
	(void)state;
	fake_dm.thin.read_only = true;
	look_up();
	assert_true(device.read_only);
	fake_dm.thin.suspended = true;
	look_up();
	assert_true(device.suspended);
	fake_dm.thin.suspended = false;
	fake_dm.thin.internal_suspend = true;
	look_up();
	assert_true(device.suspended);
	fake_dm.thin.deferred_remove = true;
	look_up();
	assert_true(device.deferred_remove);
}

static void keeps_an_external_origin(void **state)
{
	(void)state;
	strcpy(fake_dm.thin.live.params, "1234:3 17 1234:9");
	look_up();
	assert_int_equal(device.thin_id, 17);
	assert_int_equal(thin_load(&device, 2 * SECTORS), 0);
	assert_string_equal(fake_dm.thin.inactive.params, "1234:3 17 1234:9");
}

static void only_looks_up_the_given_device(void **state)
{
	(void)state;
	assert_int_equal(thin_lookup(makedev(8, 1), &device, &why), -ENODEV);
	assert_int_equal(fake_dm.calls, 0);
	assert_null(device.name);
}

static void reports_why_a_lookup_fails(void **state)
{
	(void)state;
	fake_dm.fault = (struct fake_when){DM_DEVICE_TABLE, 1};
	fake_dm.fault_errno = EACCES;
	assert_int_equal(thin_lookup(FAKE_THIN, &device, &why), -EACCES);
	assert_contains(why.text, "device 1234:7: reading its table: Permission denied");
	fake_dm.thin.gone = true;
	assert_true(thin_lookup(FAKE_THIN, &device, &why) < 0);
	fake_dm.thin.gone = false;
	strcpy(fake_dm.thin.live.params, "nonsense\n");
	assert_int_equal(thin_lookup(FAKE_THIN, &device, &why), -EINVAL);
	assert_contains(why.text, "table \"nonsense\\n\"");
	assert_null(device.name);
}

/* libdm does not always set an errno. */
static void never_takes_a_failure_for_success(void **state)
{
	(void)state;
	fake_dm.fault = (struct fake_when){ANY_CALL, 1};
	fake_dm.fault_lasts = true;
	fake_dm.fault_errno = FAULT_WITHOUT_ERRNO;
	assert_int_equal(thin_lookup(FAKE_THIN, &device, &why), -EIO);
	assert_int_equal(thin_pool_status(FAKE_POOL, &pool, &why), -EIO);
	device.dev = FAKE_THIN;
	device.params = strdup("1234:3 17");
	assert_int_equal(thin_load(&device, 2 * SECTORS), -EIO);
	assert_int_equal(thin_swap(FAKE_THIN, false), -EIO);
}

static void refuse_plain(const char *reason)
{
	look_up();
	assert_int_equal(thin_check_plain(&device, &why), -EINVAL);
	assert_contains(why.text, reason);
	assert_contains(why.text, "\"docker-8:1-42-thin\"");
}

static void touches_only_one_plain_thin_target(void **state)
{
	static const char *const targets[] = {"thin-pool", "linear", "crypt",	 "snapshot",
					      "thi",	   "thin2",  "multipath"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		fake_dm.thin.live.target = targets[i];
		refuse_plain(targets[i]);
		assert_true(device.pool == 0);
	}
	fake_dm.thin.live.target = "thin";
	fake_dm.thin.live.targets = 3;
	refuse_plain("has 3 targets");
	assert_int_equal(device.sectors, SECTORS / 3 * 3);
	fake_dm.thin.live = (struct fake_table){0};
	refuse_plain("\"none\"");
}

static void does_not_touch_devices_of_other_managers(void **state)
{
	static const char *const foreign[] = {"LVM-",	 "LVM-x",     "CRYPT-PLAIN-x",
					      "mpath-x", "stratis-x", "part1-x"};
	static const char *const ours[] = {"", "x-LVM-", "lvm", "docker"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
		fake_dm.thin.uuid = foreign[i];
		refuse_plain("belongs to another manager");
	}
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		fake_dm.thin.uuid = ours[i];
		look_up();
		assert_int_equal(thin_check_plain(&device, &why), 0);
	}
}

static void read_pool(const char *status)
{
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "%s", status);
	thin_pool_free(&pool);
	assert_int_equal(thin_pool_status(FAKE_POOL, &pool, &why), 0);
}

static void reads_a_pool(void **state)
{
	(void)state;
	read_pool("3 18/4096 2048/1638400 - rw no_discard_passdown error_if_no_space - 1024");
	assert_string_equal(pool.name, "docker-pool");
	assert_int_equal(pool.block_sectors, 128);
	assert_int_equal(pool.metadata_used_blocks, 18);
	assert_int_equal(pool.metadata_blocks, 4096);
	assert_int_equal(pool.data_used_blocks, 2048);
	assert_int_equal(pool.data_blocks, 1638400);
	assert_null(pool.trouble);
	assert_int_equal(fake_dm.commits, 0);
	/* as Linux 3.10 wrote it, with a held root */
	read_pool("3 18/4096 2048/1638400 77 rw discard_passdown");
	assert_null(pool.trouble);
}

static void expect_trouble(const char *status, const char *trouble)
{
	read_pool(status);
	assert_non_null(pool.trouble);
	assert_contains(pool.trouble, trouble);
}

static void detects_a_pool_in_trouble(void **state)
{
	(void)state;
	expect_trouble("0 1/2 1/2 - ro discard_passdown queue_if_no_space - 1024", "read-only");
	expect_trouble("0 1/2 1/2 - out_of_data_space discard_passdown error_if_no_space - 1",
		       "out of data space");
	expect_trouble("0 1/2 1/2 - ro discard_passdown queue_if_no_space needs_check 1024",
		       "needs_check");
	expect_trouble("0 1/2 1/2 - rw discard_passdown queue_if_no_space needs_check 1024",
		       "needs_check");
	expect_trouble("Fail", "failed");
	expect_trouble("Error", "error");
}

static void reads_what_a_pool_does_with_discards(void **state)
{
	(void)state;
	read_pool("0 1/2 1/2 - rw discard_passdown queue_if_no_space - 1024");
	assert_int_equal(pool.discards, THIN_DISCARDS_PASSED);
	read_pool("0 1/2 1/2 - rw ignore_discard queue_if_no_space - 1024");
	assert_int_equal(pool.discards, THIN_DISCARDS_IGNORED);
	/* the device below it supports none... */
	read_pool("0 1/2 1/2 - rw no_discard_passdown queue_if_no_space - 1024");
	assert_int_equal(pool.discards, THIN_DISCARDS_KEPT);
	assert_false(pool.told_to_keep);
	/* ...or its table says so */
	strcpy(fake_dm.pool.live.params, "1234:1 1234:2 128 32768 1 no_discard_passdown");
	read_pool("0 1/2 1/2 - rw no_discard_passdown queue_if_no_space - 1024");
	assert_true(pool.told_to_keep);
}

static void counts_freed_blocks_after_a_commit(void **state)
{
	(void)state;
	fake_dm_unmap(1000, 0);
	assert_int_equal(thin_pool_status(FAKE_POOL, &pool, &why), 0);
	assert_int_equal(pool.data_used_blocks, 100000);
	thin_pool_free(&pool);
	assert_int_equal(thin_pool_status_committed(FAKE_POOL, &pool, &why), 0);
	assert_int_equal(pool.data_used_blocks, 99000);
}

static void reads_what_a_thin_device_maps(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(thin_mapped_bytes(FAKE_THIN, &bytes, &why), 0);
	assert_int_equal(bytes, 20000 * 64 * KIB);
	fake_dm.thin_fails = true;
	assert_int_equal(thin_mapped_bytes(FAKE_THIN, &bytes, &why), -EIO);
	fake_dm.thin.gone = true;
	assert_true(thin_mapped_bytes(FAKE_THIN, &bytes, &why) < 0);
	assert_contains(why.text, "device 1234:7: reading its status");
	assert_int_equal(bytes, 20000 * 64 * KIB);
}

static void refuse_pool(int err)
{
	thin_pool_free(&pool);
	assert_int_equal(thin_pool_status(FAKE_POOL, &pool, &why), -err);
	assert_contains(why.text, "pool 1234:3: reading its status");
	assert_null(pool.name);
}

static void reports_why_a_pool_cannot_be_read(void **state)
{
	(void)state;
	strcpy(fake_dm.pool_status, "nonsense");
	refuse_pool(EINVAL);
	fake_dm.fault = (struct fake_when){DM_DEVICE_STATUS, 2};
	fake_dm.fault_errno = EACCES;
	refuse_pool(EACCES);
	fake_dm.pool.live.target = "linear";
	refuse_pool(EINVAL);
	fake_dm.pool.live.target = "thin-pool";
	strcpy(fake_dm.pool.live.params, "1234:1 1234:2 0 32768 0");
	refuse_pool(EINVAL);
	strcpy(fake_dm.pool.live.params, "1234:1");
	refuse_pool(EINVAL);
	fake_dm.pool.live = (struct fake_table){0};
	refuse_pool(EINVAL);
	fake_dm.pool.gone = true;
	refuse_pool(ENXIO);
}

static void loads_and_swaps(void **state)
{
	(void)state;
	look_up();
	assert_int_equal(thin_load(&device, 2 * SECTORS), 0);
	assert_int_equal(fake_dm.thin.live.sectors, SECTORS);
	assert_int_equal(fake_dm.thin.inactive.sectors, 2 * SECTORS);
	assert_int_equal(thin_swap(FAKE_THIN, false), 0);
	assert_int_equal(fake_dm.thin.live.sectors, 2 * SECTORS);
	assert_int_equal(fake_dm.thin.inactive.targets, 0);
	assert_int_equal(thin_swap(FAKE_THIN, true), 0);
	assert_int_equal(fake_dm.thin.live.sectors, 2 * SECTORS);
	assert_string_equal(fake_dm.log, "load 4194304, resume, freeze and resume");
}

static void unloads_only_what_it_loaded(void **state)
{
	(void)state;
	look_up();
	assert_int_equal(thin_load(&device, 2 * SECTORS), 0);
	fake_dm_load(3 * SECTORS); /* another program, after us */
	thin_unload(&device, 2 * SECTORS);
	assert_int_equal(fake_dm.thin.inactive.sectors, 3 * SECTORS);
	fake_dm_load(2 * SECTORS);
	strcpy(fake_dm.thin.inactive.params, "1234:3 18");
	thin_unload(&device, 2 * SECTORS);
	assert_int_equal(fake_dm.thin.inactive.targets, 1);
	assert_int_equal(thin_load(&device, 2 * SECTORS), 0);
	thin_unload(&device, 2 * SECTORS);
	assert_int_equal(fake_dm.thin.inactive.targets, 0);
	thin_unload(&device, 2 * SECTORS);
	assert_int_equal(fake_dm.thin.live.sectors, SECTORS);
}

static void detects_a_replaced_device(void **state)
{
	struct thin_device now;

	(void)state;
	look_up();
	fake_dm.thin.live.sectors *= 2;
	assert_int_equal(thin_lookup(FAKE_THIN, &now, &why), 0);
	assert_true(thin_is_same(&device, &now));
	thin_device_free(&now);
	strcpy(fake_dm.thin.live.params, "1234:3 18");
	assert_int_equal(thin_lookup(FAKE_THIN, &now, &why), 0);
	assert_false(thin_is_same(&device, &now));
	thin_device_free(&now);
	strcpy(fake_dm.thin.live.params, device.params);
	fake_dm.thin.name = "another";
	assert_int_equal(thin_lookup(FAKE_THIN, &now, &why), 0);
	assert_false(thin_is_same(&device, &now));
	thin_device_free(&now);
}

static void replace_pool(void)
{
	fake_dm.pool.name = "another-pool";
}

/* The pool's number may be reused before it is asked. */
static void uses_only_the_pool_that_is_meant(void **state)
{
	struct thin_device meant;

	(void)state;
	assert_int_equal(thin_lookup(FAKE_POOL, &meant, &why), 0);
	assert_int_equal(thin_has(&meant, 17, &why), 1);
	assert_int_equal(thin_has(&meant, 18, &why), 0);
	fake_dm.meddle_at = (struct fake_when){DM_DEVICE_RELOAD, 3};
	fake_dm.meddle = replace_pool;
	assert_true(thin_has(&meant, 18, &why) < 0);
	thin_device_free(&meant);
}

static void returns_errors(void **state)
{
	(void)state;
	look_up();
	fake_dm.fault = (struct fake_when){DM_DEVICE_RELOAD, 1};
	fake_dm.fault_errno = ENOMEM;
	assert_int_equal(thin_load(&device, 2 * SECTORS), -ENOMEM);
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_errno = EINTR;
	assert_int_equal(thin_swap(FAKE_THIN, false), -EINTR);
	fake_dm.loads_refused = 1;
	assert_int_equal(thin_load(&device, 2 * SECTORS), -EINVAL);
}

#define THIN_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		THIN_TEST(libdm_is_quiet_and_waits_for_no_cookie),
		THIN_TEST(looks_up_a_thin_device),
		THIN_TEST(reads_flags_of_a_device),
		THIN_TEST(keeps_an_external_origin),
		THIN_TEST(only_looks_up_the_given_device),
		THIN_TEST(reports_why_a_lookup_fails),
		THIN_TEST(never_takes_a_failure_for_success),
		THIN_TEST(touches_only_one_plain_thin_target),
		THIN_TEST(does_not_touch_devices_of_other_managers),
		THIN_TEST(reads_a_pool),
		THIN_TEST(detects_a_pool_in_trouble),
		THIN_TEST(reads_what_a_pool_does_with_discards),
		THIN_TEST(counts_freed_blocks_after_a_commit),
		THIN_TEST(reads_what_a_thin_device_maps),
		THIN_TEST(reports_why_a_pool_cannot_be_read),
		THIN_TEST(loads_and_swaps),
		THIN_TEST(unloads_only_what_it_loaded),
		THIN_TEST(detects_a_replaced_device),
		THIN_TEST(uses_only_the_pool_that_is_meant),
		THIN_TEST(returns_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
