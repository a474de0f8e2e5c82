/* SPDX-License-Identifier: Apache-2.0 */

/*
 * timed STDIN COMMAND...: runs COMMAND with the file STDIN as its standard input and prints
 * "NANOSECONDS CPU_MICROSECONDS": from before the fork until it has ended, and the processor time
 * that it and all its children used, user and system.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static long long now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		die("clock_gettime");
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static long long to_us(const struct timeval *tv)
{
	return tv->tv_sec * 1000000LL + tv->tv_usec;
}

int main(int argc, char *argv[])
{
	struct rusage usage;
	long long start, end;
	int fd, status;
	pid_t pid;

	if (argc < 3)
		return 2;
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		die(argv[1]);
	close(fd);
	start = now_ns();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		die(argv[2]);
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		die("wait4");
	end = now_ns();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "timed: %s: status 0x%x\n", argv[2], (unsigned int)status);
		return 1;
	}
	printf("%lld %lld\n", end - start, to_us(&usage.ru_utime) + to_us(&usage.ru_stime));
	return 0;
}
