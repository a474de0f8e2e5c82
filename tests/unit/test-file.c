/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "unit.h"

#include <glob.h>
#include <pthread.h>
#include <sys/resource.h>

static char *text;
static size_t len;

static int setup(void **state)
{
	(void)state;
	text = NULL;
	len = 42;
	return 0;
}

static int read_bytes(size_t size, size_t max)
{
	char *bytes = malloc(size + 1);
	int fd, r;

	assert_non_null(bytes);
	memset(bytes, 'x', size);
	fd = fd_with(bytes, size);
	r = file_read(fd, max, &text, &len);
	if (r == 0) {
		assert_int_equal(len, size);
		assert_memory_equal(text, bytes, size);
		assert_int_equal(text[len], '\0');
		free(text);
		text = NULL;
	}
	close(fd);
	free(bytes);
	return r;
}

static void reads_files_of_every_size(void **state)
{
	static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, 1000000};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		assert_int_equal(read_bytes(sizes[i], 2000000), 0);
		assert_int_equal(read_bytes(sizes[i], sizes[i]), 0);
		if (sizes[i])
			assert_int_equal(read_bytes(sizes[i], sizes[i] - 1), -EFBIG);
		assert_null(text);
	}
}

static void *write_slowly(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 3; i++) {
		usleep(5000);
		assert_int_equal(write(fd, "abc", 3), 3);
	}
	close(fd);
	return NULL;
}

static void reads_a_pipe_to_its_end(void **state)
{
	pthread_t writer;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_slowly, &ends[1]), 0);
	assert_int_equal(file_read(ends[0], 100, &text, &len), 0);
	pthread_join(writer, NULL);
	assert_string_equal(text, "abcabcabc");
	assert_int_equal(len, 9);
	free(text);
	close(ends[0]);
}

/* An endless writer cannot make the program use all memory. */
static void stops_at_the_limit(void **state)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(file_read(fd, 1000, &text, &len), -EFBIG);
	assert_null(text);
	assert_int_equal(len, 42);
	close(fd);
}

static void returns_a_different_errno_for_each_error(void **state)
{
	char *directory = new_directory(), *fifo = path_in(directory, "fifo");

	(void)state;
	assert_int_equal(file_read(-1, 10, &text, &len), -EBADF);
	assert_int_equal(file_read_at(AT_FDCWD, "/nowhere/at/all", 10, &text, &len), -ENOENT);
	assert_int_equal(file_read_at(AT_FDCWD, directory, 10, &text, &len), -EISDIR);
	assert_int_equal(file_read_at(AT_FDCWD, "/dev/zero", 10, &text, &len), -EINVAL);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	/* does not wait for a writer */
	assert_int_equal(file_read_at(AT_FDCWD, fifo, 10, &text, &len), -EINVAL);
	assert_null(text);
	free(fifo);
	remove_directory(directory);
}

static void reads_below_a_directory(void **state)
{
	char *directory = new_directory();
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	write_in(directory, "f", "content");
	assert_int_equal(file_read_at(fd, "f", 7, &text, &len), 0);
	assert_string_equal(text, "content");
	free(text);
	text = NULL;
	assert_int_equal(file_read_at(fd, "f", 6, &text, &len), -EFBIG);
	assert_null(text);
	close(fd);
	remove_directory(directory);
}

/* The content of @name, the only file in @directory. */
static void expect_alone(const char *directory, const char *name, const char *expected, mode_t mode)
{
	char *path = path_in(directory, name), *pattern = path_in(directory, "*"),
	     *hidden = path_in(directory, ".*.new");
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
	char *directory = new_directory(), *path = path_in(directory, "a.prom");
	mode_t mask = umask(0077);
	struct stat before, after;
	struct why why;

	(void)state;
	assert_int_equal(file_replace(path, "one\n", 4, 0644, &why), 0);
	expect_alone(directory, "a.prom", "one\n", 0644);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(file_replace(path, "", 0, 0600, &why), 0);
	expect_alone(directory, "a.prom", "", 0600);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino != after.st_ino); /* readers of the old file are not affected */
	umask(mask);
	free(path);
	remove_directory(directory);
}

static void replaces_regular_files_only(void **state)
{
	char *directory = new_directory(), *path = path_in(directory, "link");
	struct why why;

	(void)state;
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(file_replace(path, "x", 1, 0644, &why), -EINVAL);
	assert_contains(why.text, "/link\": exists and is not a regular file");
	assert_int_equal(file_replace(directory, "x", 1, 0644, &why), -EINVAL);
	assert_int_equal(file_replace("/", "x", 1, 0644, &why), -EINVAL);
	assert_int_equal(file_replace("/nowhere/a\nb", "x", 1, 0644, &why), -ENOENT);
	assert_contains(why.text, "\"/nowhere/a\\nb\": No such file or directory");
	free(path);
	remove_directory(directory);
}

static void leaves_no_temporary_file_if_it_cannot_write(void **state)
{
	struct rlimit old, small = {.rlim_cur = 4};
	char *directory = new_directory(), *path = path_in(directory, "f");
	struct why why;
	int r;

	(void)state;
	write_in(directory, "f", "old");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	file_survive_size_limit();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = file_replace(path, "new and longer", 14, 0644, &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(chmod(path, 0640), 0);
	expect_alone(directory, "f", "old", 0640);
	free(path);
	remove_directory(directory);
}

/* What is ignored stays ignored in a program that is executed; a handler does not stay. */
static void what_the_size_limit_does_to_the_next_program_is_unchanged(void **state)
{
	struct sigaction action;

	(void)state;
	file_survive_size_limit();
	sigaction(SIGXFSZ, NULL, &action);
	assert_true(action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
	file_survive_size_limit();
	sigaction(SIGXFSZ, NULL, &action);
	assert_true(action.sa_handler == SIG_IGN);
	signal(SIGXFSZ, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_files_of_every_size, setup),
		cmocka_unit_test_setup(reads_a_pipe_to_its_end, setup),
		cmocka_unit_test_setup(stops_at_the_limit, setup),
		cmocka_unit_test_setup(returns_a_different_errno_for_each_error, setup),
		cmocka_unit_test_setup(reads_below_a_directory, setup),
		cmocka_unit_test(replaces_a_file),
		cmocka_unit_test(replaces_regular_files_only),
		cmocka_unit_test(leaves_no_temporary_file_if_it_cannot_write),
		cmocka_unit_test(what_the_size_limit_does_to_the_next_program_is_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
