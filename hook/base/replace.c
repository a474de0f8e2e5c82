/* SPDX-License-Identifier: Apache-2.0 */
#include "base/replace.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"

#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

static int write_new(int dir_fd, const char *name, const char *text, size_t len, mode_t mode)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* Not left to the umask */
	if (fd < 0 || fchmod(fd, mode) < 0)
		return -errno;
	return file_write_all(fd, text, len);
}

static int replace(int dir_fd, const char *name, const char *text, size_t len, mode_t mode)
{
	_cleanup_free_ char *temporary = NULL;
	struct stat st;
	int r;

	/* A rename onto /dev/null is easily asked for by mistake. */
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return -EINVAL;
	if (asprintf(&temporary, ".%s.%d.new", name, getpid()) < 0)
		return -ENOMEM;
	unlinkat(dir_fd, temporary, 0); /* of a killed writer that had our pid */
	r = write_new(dir_fd, temporary, text, len, mode);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, temporary, 0);
	return r;
}

int file_replace(const char *path, const char *text, size_t len, mode_t mode, struct why *why)
{
	_cleanup_free_ char *for_dir = strdup(path), *for_name = strdup(path);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!for_dir || !for_name)
		return why_set(why, ENOMEM, "out of memory");
	fd = open(dirname(for_dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : replace(fd, basename(for_name), text, len, mode);
	if (r == -EINVAL)
		return why_set(why, EINVAL, "%s: there is something else than a regular file",
			       quote(path));
	return r < 0 ? why_set(why, -r, "%s: %s", quote(path), strerror(-r)) : 0;
}
