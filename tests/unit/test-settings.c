/* SPDX-License-Identifier: Apache-2.0 */
#include "job/settings.h"

#include "disk/growd-lock.h"
#include "fake-log.h"
#include "role/role.h"
#include "unit.h"

static void the_kill_switch_is_a_file(void **state)
{
	struct policy policy = policy_builtin;
	char *dir = new_directory(), *file = path_in(dir, SWITCH_NAME);
	struct why why;

	(void)state;
	assert_false(settings_switched_off(&policy, dir, &why));
	write_file(file, "");
	assert_true(settings_switched_off(&policy, dir, &why));
	assert_contains(why.text, file);
	assert_int_equal(unlink(file), 0);
	assert_false(settings_switched_off(&policy, dir, &why));
	policy.enabled = false;
	assert_true(settings_switched_off(&policy, dir, &why));
	assert_contains(why.text, "\"enabled\": false");
	free(file);
	remove_directory(dir);
}

static void a_daemon_that_is_switched_off_continues_nothing(void **state)
{
	struct policy policy = policy_builtin;
	char *dir = new_directory(), *file = path_in(dir, SWITCH_NAME);
	int lock;

	(void)state;
	assert_false(settings_has_daemon(&policy, dir));
	lock = growd_lock(dir);
	assert_true(lock >= 0);
	assert_true(settings_has_daemon(&policy, dir));
	write_file(file, "");
	assert_false(settings_has_daemon(&policy, dir));
	assert_int_equal(unlink(file), 0);
	policy.enabled = false;
	assert_false(settings_has_daemon(&policy, dir));
	close(lock);
	free(file);
	remove_directory(dir);
}

static void a_broken_file_is_reported_once_to_hook_and_operator(void **state)
{
	char *dir = new_directory(), *file = path_in(dir, "x.json");
	struct policy policy;

	(void)state;
	write_file(file, "{\n\"max_size\": 1}");
	assert_int_equal(settings_load("list", file, &policy), EXIT_USAGE);
	config_free(&policy);
	fake_syslog.lines = 0;
	settings_load_anyway(file, &policy);
	assert_int_equal(policy.max_bytes, policy_builtin.max_bytes);
	assert_contains(policy.broken, "x.json:2: max_size: expected a size");
	config_free(&policy);
	write_file(file, "{\"max_size\": \"2G\"}");
	settings_load_anyway(file, &policy);
	assert_null(policy.broken);
	assert_int_equal(fake_syslog.lines, 0);
	assert_int_equal(settings_order(&policy).marks.data_percent, 95);
	config_free(&policy);
	free(file);
	remove_directory(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kill_switch_is_a_file),
		cmocka_unit_test(a_daemon_that_is_switched_off_continues_nothing),
		cmocka_unit_test(a_broken_file_is_reported_once_to_hook_and_operator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
