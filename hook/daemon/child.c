/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/child.h"

#include "base/log.h"
#include "base/syscalls.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* A copy of the daemon's lock would outlive it, and one of a socket would keep its peer alive. */
static void close_all_but(int keep_fd)
{
	closelog();
	call_close_all_but(STDERR_FILENO + 1, keep_fd);
	log_init(log_is_verbose());
}

static void begin_child(int keep_fd, bool ends_with_us, pid_t daemon)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (ends_with_us)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ends_with_us && getppid() != daemon)
		_exit(EXIT_FAILURE);
	close_all_but(keep_fd);
}

pid_t child_fork(int keep_fd, bool ends_with_us)
{
	pid_t daemon = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		begin_child(keep_fd, ends_with_us, daemon);
	return pid;
}

void child_kill(pid_t pid)
{
	if (pid > 0)
		kill(pid, SIGKILL);
}

uint64_t boottime_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}
