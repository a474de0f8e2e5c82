/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/ask.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_MS	  30000
#define MAX_BYTES (16UL << 20)
#define NOT_RUN	  126

/* In the child. Does not return. */
static void become(const char *root, const char *program, char *const arguments[], int out, int err)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *const environment[] = {path, NULL};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(NOT_RUN);
	if ((*root && chroot(root) < 0) || chdir("/") < 0)
		_exit(NOT_RUN);
	execve(program, arguments, environment);
	_exit(NOT_RUN);
}

/* Reads the pipe until it is closed, or until the time @end. */
static int read_out(int fd, uint64_t end, struct answer *answer)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0, room = 0;

	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		uint64_t now = now_ms();
		ssize_t n;

		if (room - len < 2) {
			char *more = room < MAX_BYTES ? realloc(text, room * 2 + 65536) : NULL;

			if (!more)
				return room < MAX_BYTES ? -ENOMEM : -EFBIG;
			text = more;
			room = room * 2 + 65536;
		}
		if (now >= end || poll(&waiting, 1, (int)(end - now)) == 0)
			return -ETIMEDOUT;
		n = read(fd, text + len, room - len - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	answer->out = TAKE_PTR(text);
	answer->len = len;
	return 0;
}

/* The last line of the file @fd, safe to print. */
static void read_said(int fd, struct text *said)
{
	char bytes[2 * TEXT_SIZE];
	off_t size = lseek(fd, 0, SEEK_END);
	off_t start = size > (off_t)sizeof(bytes) - 1 ? size - (off_t)sizeof(bytes) + 1 : 0;
	ssize_t n = size > 0 ? pread(fd, bytes, sizeof(bytes) - 1, start) : 0;
	char *line;

	while (n > 0 && strchr("\r\n", bytes[n - 1]))
		n--;
	bytes[n > 0 ? n : 0] = '\0';
	line = strrchr(bytes, '\n');
	line = line ? line + 1 : bytes;
	for (char *c = line; *c; c++)
		*c = (char)(*c >= ' ' && *c <= '~' ? *c : '?');
	text_into(said, "%s", line);
}

/* A program that has closed its output may still run. 0; -ETIMEDOUT: it was killed. */
static int wait_for_end(pid_t child, uint64_t end, int *ret_status)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int status, r = 0;
	pid_t ended;

	while ((ended = waitpid(child, &status, r == 0 ? WNOHANG : 0)) != child) {
		if (ended < 0 && errno != EINTR)
			return -errno;
		if (ended == 0 && now_ms() < end) {
			nanosleep(&pause, NULL);
		} else if (ended == 0) {
			kill(child, SIGKILL);
			r = -ETIMEDOUT;
		}
	}
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return r;
}

static int run_child(const char *root, const char *program, char *const arguments[],
		     struct answer *answer)
{
	_cleanup_close_ int err = memfd_create("stderr", MFD_CLOEXEC), in = -EBADF, out = -EBADF;
	uint64_t end = now_ms() + MAX_MS;
	int ends[2];
	pid_t child;
	int r, ended;

	if (err < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	in = ends[0];
	out = ends[1];
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		become(root, program, arguments, out, err);
	close(TAKE_FD(out));
	r = read_out(in, end, answer);
	ended = wait_for_end(child, r < 0 ? 0 : end, &answer->status);
	if (r == 0)
		r = ended;
	read_said(err, &answer->said);
	return r == 0 && answer->status == NOT_RUN ? -ENOEXEC : r;
}

int setup_ask(const struct setup_place *place, const char *program, char *const arguments[],
	      struct answer *ret, struct why *why)
{
	_cleanup_free_ char *root = NULL;
	const char *inside = place_inside(place, program, &root);
	int r = root ? 0 : -ENOMEM;

	*ret = (struct answer){0};
	if (r == 0)
		r = inside ? run_child(root, inside, arguments, ret) : -ENOENT;
	if (r == 0)
		return 0;
	free(ret->out);
	ret->out = NULL;
	return why_set(why, -r, "%s: cannot be run: %s", program, strerror(-r));
}
