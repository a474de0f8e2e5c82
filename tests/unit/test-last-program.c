/* SPDX-License-Identifier: Apache-2.0 */
#include "job/last-program.h"

#include "unit.h"

#include <sys/stat.h>

static char *parent, *dir, *found;

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	dir = path_in(parent, "state");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_directory(parent);
	free(dir);
	free(found);
	found = NULL;
	return 0;
}

static int read_link(void)
{
	free(found);
	found = NULL;
	return last_program_read(dir, "runtime", &found);
}

static void expect(const char *runtime)
{
	assert_int_equal(read_link(), 0);
	assert_string_equal(found, runtime);
}

static void remembers_the_last_runtime(void **state)
{
	char *leftover = path_in(dir, ".runtime.new");
	struct stat st;

	(void)state;
	assert_int_equal(read_link(), -ENOENT);
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	expect("/bin/sh");
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(last_program_note(dir, "runtime", "/bin/cat"), 0);
	expect("/bin/cat");
	/* of a run that was killed */
	assert_int_equal(symlink("/bin/ls", leftover), 0);
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	expect("/bin/sh");
	assert_int_equal(lstat(leftover, &st), -1);
	free(leftover);
}

static void writes_only_changes(void **state)
{
	char *link = path_in(dir, "runtime");
	struct stat before, after;

	(void)state;
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	assert_int_equal(lstat(link, &before), 0);
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	assert_int_equal(lstat(link, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	free(link);
}

static void does_not_remember_a_runtime_that_does_not_exist(void **state)
{
	(void)state;
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	assert_int_equal(last_program_note(dir, "runtime", "/nowhere/runc"), -ENOENT);
	assert_int_equal(last_program_note(dir, "runtime", "/etc/passwd"), -EACCES);
	expect("/bin/sh");
}

static void ignores_a_directory_that_others_can_write(void **state)
{
	(void)state;
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	assert_int_equal(chmod(dir, 0770), 0);
	assert_int_equal(read_link(), -EPERM);
	assert_int_equal(chmod(dir, 0707), 0);
	assert_int_equal(read_link(), -EPERM);
	/* the next valid configuration removes the write permission */
	assert_int_equal(last_program_note(dir, "runtime", "/bin/cat"), 0);
	expect("/bin/cat");
	if (geteuid() != 0)
		return; /* only root can change the owner */
	assert_int_equal(chown(dir, 1000, 1000), 0);
	assert_int_equal(read_link(), -EPERM);
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), -EPERM);
}

static void refuses_what_is_not_our_link(void **state)
{
	char *link = path_in(dir, "runtime"), *other = path_in(parent, "other");

	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	write_file(link, "/bin/sh");
	assert_int_equal(read_link(), -EINVAL);
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	expect("/bin/sh");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("sh", link), 0);
	assert_int_equal(read_link(), -EINVAL);
	assert_int_equal(rename(dir, other), 0);
	assert_int_equal(symlink(other, dir), 0);
	assert_int_equal(read_link(), -ENOTDIR);
	assert_true(last_program_note(dir, "runtime", "/bin/sh") < 0);
	free(link);
	free(other);
}

static const char *choose(const char *program, bool broken, char **ret_remembered)
{
	const struct program_choice choice = {program, false, broken};

	return last_program_choose(dir, "runtime", &choice, ret_remembered);
}

static void the_remembered_program_takes_precedence_over_a_broken_configuration(void **state)
{
	char *remembered = NULL;

	(void)state;
	assert_string_equal(choose("/bin/sh", true, &remembered), "/bin/sh");
	assert_null(remembered);
	assert_int_equal(read_link(), -ENOENT);
	assert_string_equal(choose("/bin/sh", false, &remembered), "/bin/sh");
	assert_null(remembered);
	expect("/bin/sh");
	assert_string_equal(choose("/bin/cat", true, &remembered), "/bin/sh");
	assert_string_equal(remembered, "/bin/sh");
	expect("/bin/sh");
	free(remembered);
}

static void a_program_that_is_gone_gives_way_to_one_that_a_broken_configuration_names(void **state)
{
	char *gone = path_in(parent, "runc"), *remembered = NULL;
	struct program_choice choice = {"/bin/cat", false, true};

	(void)state;
	write_file(gone, "");
	assert_int_equal(chmod(gone, 0755), 0);
	assert_int_equal(last_program_note(dir, "runtime", gone), 0);
	choice.is_named = true;
	assert_string_equal(last_program_choose(dir, "runtime", &choice, &remembered), gone);
	free(remembered);
	remembered = NULL;
	assert_int_equal(chmod(gone, 0644), 0);
	assert_string_equal(last_program_choose(dir, "runtime", &choice, &remembered), "/bin/cat");
	assert_null(remembered);
	expect(gone);		 /* it may come back */
	choice.is_named = false; /* a default is a guess */
	assert_string_equal(last_program_choose(dir, "runtime", &choice, &remembered), gone);
	free(remembered);
	free(gone);
}

static void a_sound_configuration_that_leads_to_none_has_none(void **state)
{
	char *remembered = NULL;

	(void)state;
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	assert_null(choose(NULL, false, &remembered));
	assert_null(remembered);
	assert_string_equal(choose(NULL, true, &remembered), "/bin/sh");
	free(remembered);
}

static void each_link_is_remembered_on_its_own(void **state)
{
	(void)state;
	assert_int_equal(last_program_note(dir, "runtime", "/bin/sh"), 0);
	assert_int_equal(last_program_note(dir, "shim-kata", "/bin/cat"), 0);
	expect("/bin/sh");
	free(found);
	assert_int_equal(last_program_read(dir, "shim-kata", &found), 0);
	assert_string_equal(found, "/bin/cat");
}

#define LAST_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAST_TEST(remembers_the_last_runtime),
		LAST_TEST(writes_only_changes),
		LAST_TEST(does_not_remember_a_runtime_that_does_not_exist),
		LAST_TEST(ignores_a_directory_that_others_can_write),
		LAST_TEST(refuses_what_is_not_our_link),
		LAST_TEST(the_remembered_program_takes_precedence_over_a_broken_configuration),
		LAST_TEST(
			a_program_that_is_gone_gives_way_to_one_that_a_broken_configuration_names),
		LAST_TEST(a_sound_configuration_that_leads_to_none_has_none),
		LAST_TEST(each_link_is_remembered_on_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
