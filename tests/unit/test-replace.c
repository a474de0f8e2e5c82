/* SPDX-License-Identifier: Apache-2.0 */
#include "base/replace.h"

#include "base/file.h"
#include "unit.h"

#include <glob.h>
#include <sys/resource.h>

static char *text;
static size_t len;

/* What is in the file @name of @folder, which is all that is there. */
static void expect_alone(const char *folder, const char *name, const char *expected, mode_t mode)
{
	char *path = path_in(folder, name), *pattern = path_in(folder, "*"),
	     *hidden = path_in(folder, ".*.new");
	struct stat st;
	glob_t found;

	assert_int_equal(file_read_at(AT_FDCWD, path, 100, &text, &len), 0);
	assert_string_equal(text, expected);
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	globfree(&found);
	assert_int_equal(glob(hidden, 0, NULL, &found), GLOB_NOMATCH);
	free(path);
	free(pattern);
	free(hidden);
}

static void replaces_a_file(void **state)
{
	char *folder = new_folder(), *path = path_in(folder, "a.prom");
	mode_t mask = umask(0077);
	struct stat before, after;
	struct why why;

	(void)state;
	assert_int_equal(file_replace(path, "one\n", 4, 0644, &why), 0);
	expect_alone(folder, "a.prom", "one\n", 0644);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(file_replace(path, "", 0, 0600, &why), 0);
	expect_alone(folder, "a.prom", "", 0600);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino != after.st_ino); /* who reads the old one reads on */
	umask(mask);
	free(path);
	remove_folder(folder);
}

static void replaces_no_other_things(void **state)
{
	char *folder = new_folder(), *path = path_in(folder, "link");
	struct why why;

	(void)state;
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(file_replace(path, "x", 1, 0644, &why), -EINVAL);
	assert_contains(why.text, "/link\": there is something else than a regular file");
	assert_int_equal(file_replace(folder, "x", 1, 0644, &why), -EINVAL);
	assert_int_equal(file_replace("/", "x", 1, 0644, &why), -EINVAL);
	assert_int_equal(file_replace("/nowhere/a\nb", "x", 1, 0644, &why), -ENOENT);
	assert_contains(why.text, "\"/nowhere/a\\nb\": No such file or directory");
	free(path);
	remove_folder(folder);
}

static void leaves_nothing_if_it_cannot_write(void **state)
{
	struct rlimit old, small = {.rlim_cur = 4};
	char *folder = new_folder(), *path = path_in(folder, "f");
	struct why why;
	int r;

	(void)state;
	write_in(folder, "f", "old");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = file_replace(path, "new and longer", 14, 0644, &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(chmod(path, 0640), 0);
	expect_alone(folder, "f", "old", 0640);
	free(path);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_a_file),
		cmocka_unit_test(replaces_no_other_things),
		cmocka_unit_test(leaves_nothing_if_it_cannot_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
