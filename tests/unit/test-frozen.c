/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/frozen.h"

#include "fake-dm.h"
#include "fake-fs.h"
#include "unit.h"

#include <poll.h>
#include <sys/wait.h>

#define PLENTY_MS 60000
#define SHORT_MS  50

static struct rootfs rootfs;

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
	rootfs_close(&rootfs);
	fake_fs_disarm();
	fake_dm_disarm();
	return 0;
}

static void a_filesystem_in_use_answers_at_once(void **state)
{
	(void)state;
	assert_int_equal(frozen_check(rootfs.fd, PLENTY_MS), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* the child is gone */
}

static void a_frozen_filesystem_does_not_hold_us(void **state)
{
	(void)state;
	fake_fs.frozen = true;
	assert_int_equal(frozen_check(rootfs.fd, SHORT_MS), 1);
	assert_int_not_equal(fake_fs.waiter, 0); /* killed, to end with the thaw */
	fake_fs_thaw();
	assert_int_equal(frozen_check(rootfs.fd, PLENTY_MS), 0);
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
	assert_int_equal(frozen_check(rootfs.fd, SHORT_MS), 1);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	end.fd = ends[0];
	assert_int_equal(poll(&end, 1, PLENTY_MS), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_filesystem_in_use_answers_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_frozen_filesystem_does_not_hold_us, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_child_does_not_hold_our_output, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
