/* SPDX-License-Identifier: Apache-2.0 */
#include "job/real-shim.h"

#include "job/last-program.h"

#include "unit.h"

static char *parent, *first, *second, *state_dir, *found;
static struct policy policy;
static struct shim shim;
static struct why why;

static int setup(void **state)
{
	(void)state;
	umask(022);
	parent = new_directory();
	mkdir_in(parent, "first");
	mkdir_in(parent, "second");
	first = path_in(parent, "first");
	second = path_in(parent, "second");
	state_dir = path_in(parent, "state");
	policy = policy_builtin;
	why.text[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_directory(parent);
	free(first);
	free(second);
	free(state_dir);
	free(found);
	found = NULL;
	return 0;
}

/* The path of a new program, to be freed. */
static char *program_in(const char *directory, const char *name)
{
	char *path = path_in(directory, name);

	write_file(path, "#!/bin/sh\n");
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static int find(void)
{
	const char *const dirs[] = {first, second, NULL};

	free(found);
	found = NULL;
	return real_shim_find(&policy, "kata", dirs, state_dir, &found, &why);
}

static void name_it(const char *path)
{
	shim = (struct shim){"kata", path, "/x.json", 7};
	policy.shims = &shim;
	policy.n_shims = 1;
}

static void the_first_directory_that_has_it_wins(void **state)
{
	char *here = program_in(second, "containerd-shim-kata-v2"), *there;

	(void)state;
	assert_int_equal(find(), 0);
	assert_string_equal(found, here);
	there = program_in(first, "containerd-shim-kata-v2");
	assert_int_equal(find(), 0);
	assert_string_equal(found, there);
	free(here);
	free(there);
}

static void the_configuration_comes_first(void **state)
{
	char *here = program_in(first, "containerd-shim-kata-v2"),
	     *mine = program_in(parent, "mine");

	(void)state;
	name_it(mine);
	assert_int_equal(find(), 0);
	assert_string_equal(found, mine);
	shim.name = "other";
	assert_int_equal(find(), 0);
	assert_string_equal(found, here);
	free(here);
	free(mine);
}

/* As "enable --in-place" could leave it: the wrapper must not execute itself for ever. */
static void a_link_back_to_us_is_none(void **state)
{
	char *link = path_in(first, "containerd-shim-kata-v2"), *real;

	(void)state;
	assert_int_equal(symlink("/proc/self/exe", link), 0);
	assert_int_equal(find(), -ENOENT);
	real = program_in(second, "containerd-shim-kata-v2");
	assert_int_equal(find(), 0);
	assert_string_equal(found, real);
	name_it(link);
	assert_int_equal(find(), -ELOOP);
	assert_contains(why.text, "is oci-thin-grow itself (set in /x.json:7)");
	free(link);
	free(real);
}

static void what_others_can_write_is_not_executed(void **state)
{
	char *here = program_in(first, "containerd-shim-kata-v2");

	(void)state;
	assert_int_equal(chmod(here, 0757), 0);
	assert_int_equal(find(), -EPERM);
	assert_contains(why.text, "must belong to root");
	assert_null(found);
	free(here);
}

static void says_where_it_was_not_found(void **state)
{
	(void)state;
	assert_int_equal(find(), -ENOENT);
	assert_contains(why.text, "containerd-shim-kata-v2 not found in /");
	assert_contains(why.text, first);
	assert_contains(why.text, second);
	name_it("/nowhere/shim");
	assert_int_equal(find(), -ENOENT);
	assert_contains(why.text, "shim \"/nowhere/shim\" not found (set in /x.json:7)");
}

/* A container that it created must be deleted with it. */
static void a_broken_configuration_changes_no_shim(void **state)
{
	char *here = program_in(first, "containerd-shim-kata-v2"),
	     *mine = program_in(parent, "mine");

	(void)state;
	name_it(mine);
	assert_int_equal(find(), 0);
	policy = policy_builtin;
	policy.broken = "/x.json:1: broken";
	assert_int_equal(find(), 0);
	assert_string_equal(found, mine);
	assert_int_equal(unlink(mine), 0);
	assert_int_equal(find(), -ENOENT);
	assert_contains(why.text, "not found; the configuration is broken: /x.json:1: broken");
	/* a valid one that names none */
	policy.broken = NULL;
	assert_int_equal(find(), 0);
	policy.broken = "/x.json:1: broken";
	assert_int_equal(find(), 0);
	assert_string_equal(found, here);
	free(here);
	free(mine);
}

static void without_a_memory_a_broken_configuration_is_searched_for(void **state)
{
	char *here = program_in(second, "containerd-shim-kata-v2");

	(void)state;
	policy.broken = "/x.json:1: broken";
	assert_int_equal(find(), 0);
	assert_string_equal(found, here);
	free(found);
	assert_int_equal(last_program_read(state_dir, "shim-kata", &found), -ENOENT);
	found = NULL;
	free(here);
}

#define SHIM_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHIM_TEST(the_first_directory_that_has_it_wins),
		SHIM_TEST(the_configuration_comes_first),
		SHIM_TEST(a_link_back_to_us_is_none),
		SHIM_TEST(what_others_can_write_is_not_executed),
		SHIM_TEST(says_where_it_was_not_found),
		SHIM_TEST(a_broken_configuration_changes_no_shim),
		SHIM_TEST(without_a_memory_a_broken_configuration_is_searched_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
