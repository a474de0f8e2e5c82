/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload.h"

#include "unit.h"

static char *dir, *file;
static struct live_policy live;
static struct why why;

static int setup(void **state)
{
	(void)state;
	dir = new_directory();
	file = path_in(dir, "c.json");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reload_free(&live);
	free(file);
	remove_directory(dir);
	return 0;
}

/* Replaces it, as an editor does: another inode, whatever the clock's resolution is. */
static void put(const char *content)
{
	char *next = path_in(dir, "next");

	write_file(next, content);
	assert_int_equal(rename(next, file), 0);
	free(next);
}

static void a_changed_file_is_read_again(void **state)
{
	(void)state;
	put("{\"max_size\":\"2T\"}");
	assert_int_equal(reload_first(&live, file, &why), 0);
	assert_int_equal(live.policy.max_bytes, 2 * TIB);
	assert_false(reload_is_due(&live));
	put("{\"max_size\":\"3T\"}");
	assert_true(reload_is_due(&live));
	assert_int_equal(reload(&live, &why), 0);
	assert_int_equal(live.policy.max_bytes, 3 * TIB);
	assert_false(reload_is_due(&live));
}

static void a_broken_file_changes_nothing_and_is_reported_once(void **state)
{
	(void)state;
	put("{\"max_size\":\"2T\",\"autogrow\":{\"max\":\"1T\"}}");
	assert_int_equal(reload_first(&live, file, &why), 0);
	put("{\"max_size\":");
	assert_int_equal(reload(&live, &why), -EINVAL);
	assert_contains(why.text, "c.json");
	assert_int_equal(live.policy.max_bytes, 2 * TIB);
	assert_int_equal(live.policy.autogrow.max_bytes, TIB);
	assert_false(reload_is_due(&live));
	assert_false(reload_switched_off(&live, dir, &why));
}

static void a_removed_file_is_a_change(void **state)
{
	(void)state;
	put("{}");
	assert_int_equal(reload_first(&live, file, &why), 0);
	assert_int_equal(unlink(file), 0);
	assert_true(reload_is_due(&live));
	assert_int_equal(reload(&live, &why), -EINVAL);
}

static void until_the_first_sound_file_nothing_grows(void **state)
{
	(void)state;
	put("nonsense");
	assert_int_equal(reload_first(&live, file, &why), -EINVAL);
	assert_int_equal(live.policy.autogrow.max_bytes, 0);
	assert_int_equal(live.policy.n_rules, 0);
	assert_contains(live.policy.broken, "c.json");
	assert_true(reload_switched_off(&live, dir, &why));
	assert_contains(why.text, "the configuration is broken: ");
	put("{\"max_size\":");
	assert_int_equal(reload(&live, &why), -EINVAL);
	assert_true(reload_switched_off(&live, dir, &why));
	put("{}");
	assert_int_equal(reload(&live, &why), 0);
	assert_null(live.policy.broken);
	assert_false(reload_switched_off(&live, dir, &why));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_changed_file_is_read_again),
		test(a_broken_file_changes_nothing_and_is_reported_once),
		test(a_removed_file_is_a_change),
		test(until_the_first_sound_file_nothing_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
