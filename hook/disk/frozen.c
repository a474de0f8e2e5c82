/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/frozen.h"

#include "base/cleanup.h"
#include "base/minmax.h"
#include "base/syscalls.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * Removing an attribute waits for the thaw first, and then looks at its name. No filesystem has
 * attributes without a namespace ("user."), so this one is refused, and nothing is written.
 */
#define NO_ATTRIBUTE "oci-thin-grow"

static _Noreturn void ask(int fd)
{
	/*
	 * Whoever reads our output, or waits for a lock of ours, must not wait for this process,
	 * too.
	 */
	call_close_all_but(0, fd);
	fremovexattr(fd, NO_ATTRIBUTE);
	_exit(0);
}

/* Waits for the end of the child. */
static int await(int pid_fd, const struct deadline *deadline)
{
	struct pollfd ended = {.fd = pid_fd, .events = POLLIN};
	int n;

	do {
		uint64_t now = now_ms(), left = deadline->end_ms > now ? deadline->end_ms - now : 0;

		n = poll(&ended, 1, (int)smaller(left, INT_MAX));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static int ask_in_time(int fd, const struct deadline *deadline)
{
	_cleanup_close_ int pid_fd = -EBADF;
	pid_t child = fork();
	int r;

	if (child == 0)
		ask(fd);
	if (child < 0)
		return -errno;
	r = pid_fd = call_pidfd_open(child);
	if (r >= 0)
		r = await(pid_fd, deadline);
	else if (r == -ESRCH) /* it has ended already, and SIGCHLD is ignored */
		return 0;
	if (r != 0)
		kill(child, SIGKILL);
	waitpid(child, NULL, r == 0 ? 0 : WNOHANG);
	return r;
}

int frozen_check(int fd, const struct deadline *deadline, struct why *why)
{
	int r = ask_in_time(fd, deadline);

	if (r == -ETIMEDOUT)
		return why_set(
			why, ETIMEDOUT,
			"its filesystem is frozen, or does not answer; \"fsfreeze -u\" on the "
			"directory where it is mounted thaws it");
	return r < 0 ? why_set(why, -r, "is its filesystem frozen? %s", strerror(-r)) : 0;
}

void frozen_wait(int fd)
{
	const struct deadline never = {.end_ms = UINT64_MAX};

	ask_in_time(fd, &never);
}
