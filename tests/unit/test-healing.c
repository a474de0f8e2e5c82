/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/healing.h"

#include "fake-udev.h"
#include "unit.h"

#include <sys/sysmacros.h>

#define DEV  makedev(254, 3)
#define NAME "pool-snap-7"

static struct healing healing;

static int setup(void **state)
{
	(void)state;
	fake_udev_heals();
	fake_udev.dm_name = NAME;
	return 0;
}

static void expect_healed(void)
{
	healing_device(&fake_host_heals, DEV, NAME, &healing);
	assert_true(healing.armed);
	assert_string_equal(healing.why.text, "");
}

static void a_device_whose_engine_waits_for_udev_is_healed(void **state)
{
	/* flags above, the semaphore's number below; and an event that was triggered by hand */
	static const char *const cookies[] = {"6302301", "10845", "4194305", "none"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cookies); i++) {
		fake_udev.cookie = cookies[i];
		expect_healed();
	}
}

static void a_device_whose_engine_does_not_wait_is_not_healed(void **state)
{
	static const char *const cookies[] = {"6291456", ""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cookies); i++) {
		fake_udev.cookie = cookies[i];
		healing_device(&fake_host_heals, DEV, NAME, &healing);
		assert_false(healing.armed);
		assert_contains(healing.why.text, "does not wait for udev");
		assert_string_equal(healing.fix.s, "");
		assert_non_null(healing.hint);
	}
	healing_device(&fake_host_heals, makedev(0, 0), NAME, &healing);
	assert_true(healing.armed);
}

/* It was created before the rule was installed, or under another device's number. */
static void a_device_that_the_rule_has_not_seen_says_nothing_about_the_next(void **state)
{
	(void)state;
	fake_udev.cookie = NULL;
	expect_healed();
	fake_udev.cookie = "6291456";
	fake_udev.dm_name = "pool-snap-6";
	expect_healed();
	fake_udev.dm_name = NAME;
	fake_udev.uninitialized = true;
	expect_healed();
	fake_udev.missing = true;
	expect_healed();
}

static void without_the_rule_no_device_is_healed_and_udev_is_not_asked(void **state)
{
	(void)state;
	fake_udev.lookups = 0;
	healing_device(&fake_host_without_rule, DEV, NAME, &healing);
	assert_false(healing.armed);
	assert_string_equal(healing.why.text, "the rule is missing");
	assert_string_equal(healing.fix.s, "install it");
	assert_int_equal(fake_udev.lookups, 0);
}

#define HEALING_TEST(test) cmocka_unit_test_setup_teardown(test, setup, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEALING_TEST(a_device_whose_engine_waits_for_udev_is_healed),
		HEALING_TEST(a_device_whose_engine_does_not_wait_is_not_healed),
		HEALING_TEST(a_device_that_the_rule_has_not_seen_says_nothing_about_the_next),
		HEALING_TEST(without_the_rule_no_device_is_healed_and_udev_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
