/* SPDX-License-Identifier: Apache-2.0 */
#include "base/beneath.h"

#include "unit.h"

static char *root;

static void put_link(const char *path, const char *target)
{
	char *whole = path_in(root, path);

	assert_int_equal(symlink(target, whole), 0);
	free(whole);
}

static int make_root(void **state)
{
	(void)state;
	root = new_directory();
	mkdir_in(root, "etc");
	mkdir_in(root, "etc/docker");
	mkdir_in(root, "srv");
	write_in(root, "srv/file", "x");
	return 0;
}

static int remove_root(void **state)
{
	(void)state;
	remove_directory(root);
	return 0;
}

/* @want: below the root */
static void expect(const char *path, const char *want)
{
	char *whole = path_in(root, want), *got = NULL;

	assert_int_equal(beneath(root, path, &got), 0);
	assert_string_equal(got, whole);
	free(whole);
	free(got);
}

static void links_do_not_leave_the_root(void **state)
{
	(void)state;
	put_link("etc/absolute", "/srv/file");
	put_link("etc/relative", "../srv/./file");
	put_link("etc/escapes", "../../../../../srv/file");
	put_link("etc/both", "/etc/absolute");
	put_link("etc/dir", "/srv");
	expect("/etc/absolute", "srv/file");
	expect("/etc/relative", "srv/file");
	expect("/etc/escapes", "srv/file");
	expect("/etc/both", "srv/file");
	expect("/etc//dir/file", "srv/file");
	expect("/etc/dir/../etc/docker/", "etc/docker");
	expect("/../../srv", "srv");
}

static void missing_components_are_kept(void **state)
{
	(void)state;
	put_link("etc/dir", "/srv");
	expect("/etc/new", "etc/new");
	expect("/etc/dir/a/b", "srv/a/b");
}

static void a_dangling_link_is_an_error(void **state)
{
	char *got = NULL;

	(void)state;
	put_link("etc/nowhere", "/missing");
	put_link("etc/halfway", "/srv/missing/file");
	put_link("etc/loop", "loop");
	assert_int_equal(beneath(root, "/etc/nowhere", &got), -ENOENT);
	assert_int_equal(beneath(root, "/etc/nowhere/file", &got), -ENOENT);
	assert_int_equal(beneath(root, "/etc/halfway", &got), -ENOENT);
	assert_int_equal(beneath(root, "/etc/loop", &got), -ELOOP);
	assert_int_equal(beneath(root, "/srv/file/x", &got), -ENOTDIR);
	assert_int_equal(beneath(root, "/missing/../srv", &got), -ENOENT);
	assert_int_equal(beneath("/nowhere", "/etc", &got), -ENOENT);
	assert_null(got);
}

static void an_empty_root_is_the_root_of_the_host(void **state)
{
	char *got = NULL, *path = path_in(root, "srv/file");

	(void)state;
	assert_int_equal(beneath("", path, &got), 0);
	assert_string_equal(got, path);
	free(got);
	assert_int_equal(beneath("/", "/..", &got), 0);
	assert_string_equal(got, "/");
	free(got);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_do_not_leave_the_root, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(missing_components_are_kept, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(a_dangling_link_is_an_error, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(an_empty_root_is_the_root_of_the_host, make_root,
						remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
