/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/remembered-roots.h"

#include "base/cleanup.h"

#include "walk-fixture.h"

#include <sys/stat.h>

#define META "io.containerd.metadata.v1.bolt/meta.db"

static char *host, *dir;
static struct engine_root_set set;

static int setup(void **state)
{
	(void)state;
	host = new_directory();
	dir = path_in(host, "state/roots");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	engine_roots_free(&set);
	free(dir);
	remove_directory(host);
	return 0;
}

/* "HOST/@name" with an empty file @database; to be freed. */
static char *directory(const char *name, const char *database)
{
	_cleanup_free_ char *file = path_in(name, database);

	write_below(host, file, "");
	return path_in(host, name);
}

static void expect_roots(size_t n)
{
	engine_roots_free(&set);
	assert_int_equal(remembered_roots_add(dir, &set), 0);
	assert_int_equal(set.roots.n, n);
}

static void remembers_containerds_directories(void **state)
{
	_cleanup_free_ char *root = directory("a%2F", META),
			    *mapper = directory("m", "metadata.db");

	(void)state;
	expect_roots(0);
	assert_int_equal(remembered_roots_note(dir, root), 0);
	assert_int_equal(remembered_roots_note(dir, root), 0);
	expect_roots(1);
	assert_string_equal(set.roots.dirs[0], root);
	assert_int_equal(remembered_roots_note(dir, mapper), 0);
	expect_roots(2);
}

static void others_are_not_remembered(void **state)
{
	_cleanup_free_ char *state_dir = directory("run", "x");

	(void)state;
	assert_int_equal(remembered_roots_note(dir, state_dir), 0);
	assert_int_equal(remembered_roots_note(dir, "/var/lib/containerd"), 0);
	assert_int_equal(remembered_roots_note(dir, "metadata.db"), 0);
	assert_int_equal(remembered_roots_note(dir, ""), 0);
	assert_true(access(dir, F_OK) < 0);
}

static void one_that_is_gone_is_ignored_until_it_is_back(void **state)
{
	_cleanup_free_ char *root = directory("a", META), *aside = path_in(host, "aside");

	(void)state;
	assert_int_equal(remembered_roots_note(dir, root), 0);
	assert_int_equal(rename(root, aside), 0);
	expect_roots(0);
	assert_int_equal(rename(aside, root), 0);
	expect_roots(1);
}

static void a_directory_that_others_can_write_is_not_trusted(void **state)
{
	_cleanup_free_ char *root = directory("a", META);

	(void)state;
	assert_int_equal(remembered_roots_note(dir, root), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	expect_roots(0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(remembers_containerds_directories),
		TEST(others_are_not_remembered),
		TEST(one_that_is_gone_is_ignored_until_it_is_back),
		TEST(a_directory_that_others_can_write_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
