/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/frozen.h"

#include "fake-clock.h"
#include "fake-dm.h"
#include "fake-fs.h"
#include "unit.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PLENTY_MS 60000
#define SHORT_MS  50

static struct rootfs rootfs;
static struct why why;

static bool child_ends_first;

/* Instead of libc's */
pid_t fork(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	siginfo_t unused;

	if (pid > 0 && child_ends_first)
		waitid(P_PID, (id_t)pid, &unused, WEXITED | WNOWAIT);
	return pid;
}

static int check_for(unsigned int ms)
{
	const struct deadline deadline = {.end_ms = now_ms() + ms};

	return frozen_check(rootfs.fd, &deadline, &why);
}

static int setup(void **state)
{
	(void)state;
	fake_dm_arm(2097152);
	fake_fs_arm(FS_EXT4, GIB, &rootfs);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	child_ends_first = false;
	signal(SIGCHLD, SIG_DFL);
	rootfs_close(&rootfs);
	fake_fs_disarm();
	fake_dm_disarm();
	return 0;
}

static void a_filesystem_in_use_answers_at_once(void **state)
{
	(void)state;
	assert_int_equal(check_for(PLENTY_MS), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* the child is gone */
}

/* Who starts us may ignore SIGCHLD, and so do we then: nothing is left of a child that has ended.
 */
static void also_if_nobody_waits_for_children(void **state)
{
	(void)state;
	child_ends_first = true;
	assert_int_equal(check_for(PLENTY_MS), 0);
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(check_for(PLENTY_MS), 0);
}

static void a_frozen_filesystem_does_not_hold_us(void **state)
{
	(void)state;
	fake_fs.frozen = true;
	assert_int_equal(check_for(SHORT_MS), -ETIMEDOUT);
	assert_contains(why.text, "its filesystem is frozen");
	assert_contains(why.text, "\"fsfreeze -u\"");
	assert_int_not_equal(fake_fs.waiter, 0); /* killed, to end with the thaw */
	fake_fs_thaw();
	assert_int_equal(check_for(PLENTY_MS), 0);
}

/* A pipe from our output must end when we do, even if the child does not. */
static void the_child_does_not_hold_our_output(void **state)
{
	struct pollfd end = {.events = POLLIN};
	int ends[2], saved = dup(STDOUT_FILENO);
	char byte;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	close(ends[1]);
	fake_fs.frozen = true;
	assert_int_equal(check_for(SHORT_MS), -ETIMEDOUT);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	end.fd = ends[0];
	assert_int_equal(poll(&end, 1, PLENTY_MS), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

/* Nor a lock that is held meanwhile, nor what the runtime has open. */
static void nor_anything_else_that_is_open(void **state)
{
	char byte;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fake_fs.frozen = true;
	assert_int_equal(check_for(SHORT_MS), -ETIMEDOUT);
	close(ends[1]);
	assert_int_equal(poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, PLENTY_MS), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

/* The timer of a growth rings while it waits. */
static void a_signal_does_not_make_it_longer(void **state)
{
	struct deadline deadline;

	(void)state;
	fake_clock(false);
	fake_fs.frozen = true;
	assert_int_equal(deadline_start(&deadline, SHORT_MS), 0);
	assert_int_equal(frozen_check(rootfs.fd, &deadline, &why), -ETIMEDOUT);
	deadline_stop(&deadline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_filesystem_in_use_answers_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(also_if_nobody_waits_for_children, setup, teardown),
		cmocka_unit_test_setup_teardown(a_frozen_filesystem_does_not_hold_us, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_child_does_not_hold_our_output, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nor_anything_else_that_is_open, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signal_does_not_make_it_longer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
