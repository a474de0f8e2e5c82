/* SPDX-License-Identifier: Apache-2.0 */
#include "base/syscalls.h"

#include "unit.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef __NR_close_range
#define __NR_close_range 436
#endif

#define KEPT   70
#define OTHERS 80

/* As systemd's SystemCallFilter does with libseccomp before 2.5.2, which does not know the name. */
static void forbid_close_range(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = COUNT_OF(filter), .filter = filter};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), 0);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* In a child process. Its exit status: 0 if all is as it should be. */
static int close_in_child(unsigned int first, int keep, bool forbidden)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (forbidden)
			forbid_close_range();
		for (int fd = KEPT; fd < OTHERS; fd++)
			dup2(STDIN_FILENO, fd);
		call_close_all_but(first, keep);
		for (int fd = 0; fd < OTHERS; fd++) {
			if ((fd <= STDERR_FILENO || fd >= KEPT) &&
			    is_open(fd) != (fd == keep || fd < (int)first))
				_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void closes_all_but_one(void **state)
{
	(void)state;
	for (int forbidden = 0; forbidden < 2; forbidden++) {
		assert_int_equal(close_in_child(0, KEPT, forbidden), 0);
		assert_int_equal(close_in_child(0, STDIN_FILENO, forbidden), 0);
		assert_int_equal(close_in_child(STDERR_FILENO + 1, KEPT, forbidden), 0);
		assert_int_equal(close_in_child(KEPT, KEPT, forbidden), 0);
		assert_int_equal(close_in_child(STDERR_FILENO + 1, -EBADF, forbidden), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_all_but_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
