/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/frozen.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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
	/* Whoever reads our output must not wait for this process, too. */
	for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
		close(standard);
	fremovexattr(fd, NO_ATTRIBUTE);
	_exit(0);
}

/* Waits for the end of the child, the only one that has the other end of the pipe. */
static int await(int pipe_fd, unsigned int wait_ms)
{
	struct pollfd ended = {.fd = pipe_fd, .events = POLLIN};
	int n;

	do {
		n = poll(&ended, 1, (int)wait_ms);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0;
}

int frozen_check(int fd, unsigned int wait_ms)
{
	_cleanup_close_ int here = -EBADF;
	int ends[2], r;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	here = ends[0];
	child = fork();
	if (child == 0)
		ask(fd);
	r = -errno;
	close(ends[1]);
	if (child < 0)
		return r;
	r = await(here, wait_ms);
	if (r != 0)
		kill(child, SIGKILL);
	waitpid(child, NULL, r == 0 ? 0 : WNOHANG);
	return r;
}
