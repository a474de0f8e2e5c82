/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"

#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <string.h>

#define FIRST_READ_BYTES (64UL * 1024)
#define OPEN_DIRECTORY	 (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define OPEN_NEW	 (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

int file_read(int fd, size_t max_bytes, char **ret_text, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0, room = 0;

	for (;;) {
		ssize_t n;

		if (len == room) {
			char *grown;

			room = room ? room * 2 : FIRST_READ_BYTES;
			grown = realloc(text, room + 1);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max_bytes)
			return -EFBIG;
	}
	text[len] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int file_read_at(int dir_fd, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return file_read(fd, max_bytes, ret_text, ret_len);
}

/* A directory is durable only when its parent is. */
int file_make_directory(const char *dir, mode_t mode)
{
	_cleanup_free_ char *copy = strdup(dir);
	_cleanup_close_ int fd = -EBADF;
	const char *parent;

	if (!copy)
		return -ENOMEM;
	parent = dirname(copy);
	if (mkdir(dir, mode) < 0) {
		int r = -errno;

		if (r == -ENOENT && strcmp(parent, dir) != 0)
			r = file_make_directory(parent, mode);
		if (r < 0)
			return r == -EEXIST ? 0 : r;
		if (mkdir(dir, mode) < 0 && errno != EEXIST)
			return -errno;
	}
	fd = open(parent, OPEN_DIRECTORY);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int file_open_private(const char *dir, struct why *why)
{
	_cleanup_close_ int fd = open(dir, OPEN_DIRECTORY | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return why_set(why, errno, "%s", strerror(errno));
	if (st.st_uid != geteuid())
		return why_set(
			why, EPERM,
			"owned by user %u, not by root. Fix: chown root:root %s && chmod 0700 %s",
			st.st_uid, dir, dir);
	/* Without set-id and sticky bits: sandboxed services may not set those. */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && fchmod(fd, st.st_mode & 0755) < 0)
		return why_set(why, errno, "writable by others, and chmod failed: %s",
			       strerror(errno));
	return TAKE_FD(fd);
}

bool file_is_ours_alone(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

bool file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void on_size_limit(int sig)
{
	(void)sig; /* another program does not inherit a handler, but would inherit SIG_IGN */
}

void file_survive_size_limit(void)
{
	const struct sigaction action = {.sa_handler = on_size_limit, .sa_flags = SA_RESTART};
	struct sigaction old;

	if (sigaction(SIGXFSZ, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(SIGXFSZ, &action, NULL);
}

int file_write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Not subject to the umask. */
static int write_new(int dir_fd, const char *name, const char *text, size_t len, mode_t mode,
		     bool durable)
{
	_cleanup_close_ int fd = openat(dir_fd, name, OPEN_NEW, 0600);
	int r = fd < 0 || fchmod(fd, mode) < 0 ? -errno : file_write_all(fd, text, len);

	if (r < 0)
		return r;
	return durable && fsync(fd) < 0 ? -errno : 0;
}

int file_write_new(int dir_fd, const char *name, mode_t mode, const char *text, size_t len)
{
	return write_new(dir_fd, name, text, len, mode, true);
}

int file_put_in_place(int dir_fd, const char *temporary, const char *name, int r, bool durable)
{
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dir_fd, temporary, 0);
		return r;
	}
	return durable && fsync(dir_fd) < 0 ? -errno : 0;
}

int file_replace_at(int dir_fd, const char *name, const char *text, size_t len, mode_t mode,
		    bool durable)
{
	_cleanup_free_ char *temporary = text_new(".%s.%d.new", name, getpid());
	int r;

	if (!temporary)
		return -ENOMEM;
	unlinkat(dir_fd, temporary, 0); /* left by a killed writer with our pid */
	r = write_new(dir_fd, temporary, text, len, mode, durable);
	return file_put_in_place(dir_fd, temporary, name, r, durable);
}

/* Renaming over /dev/null is an easy mistake. */
static int replace_regular(int dir_fd, const char *name, const char *text, size_t len, mode_t mode)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return -EINVAL;
	return file_replace_at(dir_fd, name, text, len, mode, false);
}

int file_replace(const char *path, const char *text, size_t len, mode_t mode, struct why *why)
{
	_cleanup_free_ char *for_dir = strdup(path), *for_name = strdup(path);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!for_dir || !for_name)
		return why_no_memory(why);
	fd = open(dirname(for_dir), OPEN_DIRECTORY);
	r = fd < 0 ? -errno : replace_regular(fd, basename(for_name), text, len, mode);
	if (r == -EINVAL)
		return why_set(why, EINVAL, "%s: exists and is not a regular file", quote(path));
	return r < 0 ? why_set(why, -r, "%s: %s", quote(path), strerror(-r)) : 0;
}
