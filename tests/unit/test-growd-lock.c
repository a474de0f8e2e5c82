/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growd-lock.h"

#include "fake-clock.h"
#include "unit.h"

#include <sys/file.h>

static char *parent, *run_dir;
static int looker_fd;

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	run_dir = path_in(parent, "run");
	fake_clock(true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_clock_sleeps = NULL;
	fake_clock(false);
	remove_directory(parent);
	free(run_dir);
	return 0;
}

static int open_as_others_do(void)
{
	char *path = path_in(run_dir, GROWD_LOCK);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	free(path);
	return fd;
}

static void nobody_runs_on_a_fresh_host(void **state)
{
	struct stat st;

	(void)state;
	assert_false(growd_is_running(run_dir));
	assert_int_not_equal(stat(run_dir, &st), 0); /* and nothing was created */
	mkdir_in(parent, "run");
	assert_false(growd_is_running(run_dir));
}

static void a_daemon_runs_until_it_lets_go(void **state)
{
	int fd = growd_lock(run_dir);

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(growd_is_running(run_dir));
	assert_true(growd_is_running(run_dir));
	close(fd);
	assert_false(growd_is_running(run_dir)); /* although the file is still there */
}

static void there_is_only_one(void **state)
{
	int fd = growd_lock(run_dir);

	(void)state;
	assert_int_equal(growd_lock(run_dir), -EBUSY);
	close(fd);
	fd = growd_lock(run_dir);
	assert_true(fd >= 0);
	close(fd);
}

static void end_look(void)
{
	assert_int_equal(flock(looker_fd, LOCK_UN), 0);
}

/* Others look at the very moment at which the daemon starts. */
static void a_look_does_not_keep_the_daemon_from_starting(void **state)
{
	int fd;

	(void)state;
	close(growd_lock(run_dir));
	looker_fd = open_as_others_do();
	assert_int_equal(flock(looker_fd, LOCK_SH), 0);
	fake_clock_sleeps = end_look;
	fd = growd_lock(run_dir);
	assert_true(fd >= 0);
	close(fd);
	close(looker_fd);
}

static void a_link_is_not_followed(void **state)
{
	char *path = path_in(run_dir, GROWD_LOCK), *other = path_in(parent, "other");
	int fd;

	(void)state;
	mkdir_in(parent, "run");
	write_file(other, "");
	assert_int_equal(symlink(other, path), 0);
	fd = open(other, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_false(growd_is_running(run_dir));
	assert_int_equal(growd_lock(run_dir), -ELOOP);
	close(fd);
	free(path);
	free(other);
}

/* That user could hold it while nothing grows. */
static void a_lock_of_another_user_is_no_daemons(void **state)
{
	char *path = path_in(run_dir, GROWD_LOCK);
	int fd = growd_lock(run_dir);

	(void)state;
	assert_true(fd >= 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 1000, 0), 0);
		assert_false(growd_is_running(run_dir));
		assert_int_equal(growd_lock(run_dir), -EPERM);
	}
	close(fd);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_runs_on_a_fresh_host, setup, teardown),
		cmocka_unit_test_setup_teardown(a_daemon_runs_until_it_lets_go, setup, teardown),
		cmocka_unit_test_setup_teardown(there_is_only_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_look_does_not_keep_the_daemon_from_starting,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_is_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lock_of_another_user_is_no_daemons, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
