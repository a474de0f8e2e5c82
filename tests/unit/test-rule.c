/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/rule.h"

#include "fake-udev.h"
#include "unit.h"

#include <sys/sysmacros.h>

#define DEV  makedev(254, 3)
#define NAME "pool-snap-7"

static char *parent, *run_dir;
static struct why why;

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	run_dir = path_in(parent, "run");
	fake_udev_heals();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_directory(parent);
	free(run_dir);
	fake_udev_heals();
	return 0;
}

static void expect_not_healed(int error, const char *reason)
{
	assert_int_equal(rule_check(DEV, NAME, &why), error);
	assert_contains(why.text, reason);
}

static void knows_a_device_that_will_be_healed(void **state)
{
	/* flags above, the semaphore's number below; and an event that was asked for by hand */
	static const char *const cookies[] = {"6302301", "10845", "4194305", "none"};

	(void)state;
	fake_udev.dm_name = NAME;
	for (size_t i = 0; i < COUNT_OF(cookies); i++) {
		fake_udev.cookie = cookies[i];
		assert_int_equal(rule_check(DEV, NAME, &why), 0);
	}
}

static void says_what_is_missing(void **state)
{
	(void)state;
	fake_udev.cookie = NULL;
	expect_not_healed(-ENOENT, "94-oci-thin-grow.rules");
	fake_udev.cookie = "6291456"; /* flags only */
	expect_not_healed(-ENOTSUP, "does not wait for udev");
	fake_udev.cookie = "";
	expect_not_healed(-ENOTSUP, "does not wait for udev");
	fake_udev.cookie = "6302301";
	fake_udev.dm_name = "pool-snap-6";
	expect_not_healed(-ENOENT, "pool-snap-6");
	fake_udev.dm_name = NAME;
	fake_udev.uninitialized = true;
	expect_not_healed(-ENOENT, "systemd-udevd");
	fake_udev.missing = true;
	expect_not_healed(-ENOENT, "systemd-udevd");
}

static void says_it_once(void **state)
{
	(void)state;
	assert_int_equal(rule_check_once(run_dir, DEV, NAME, &why), 0);
	fake_udev.cookie = NULL;
	assert_int_equal(rule_check_once(run_dir, DEV, NAME, &why), 1);
	assert_contains(why.text, "94-oci-thin-grow.rules");
	fake_udev.lookups = 0;
	assert_int_equal(rule_check_once(run_dir, DEV, NAME, &why), 0);
	assert_int_equal(rule_check_once(run_dir, DEV, "other", &why), 0);
	assert_int_equal(fake_udev.lookups, 0);
}

static void rather_says_it_twice_than_never(void **state)
{
	(void)state;
	fake_udev.cookie = NULL;
	write_file(run_dir, "no directory");
	assert_int_equal(rule_check_once(run_dir, DEV, NAME, &why), 1);
	assert_int_equal(rule_check_once(run_dir, DEV, NAME, &why), 1);
}

#define RULE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RULE_TEST(knows_a_device_that_will_be_healed),
		RULE_TEST(says_what_is_missing),
		RULE_TEST(says_it_once),
		RULE_TEST(rather_says_it_twice_than_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
