/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/lock.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int lock_folder(const char *run_dir)
{
	_cleanup_close_ int dir = -EBADF;
	struct stat st;

	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = open(run_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return TAKE_FD(dir);
}

static int open_lock(const char *run_dir, const char *name)
{
	_cleanup_close_ int dir = lock_folder(run_dir);
	int fd;

	if (dir < 0)
		return dir;
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int lock_device(const char *run_dir, dev_t dev, const struct deadline *deadline, int *ret_fd,
		struct why *why)
{
	_cleanup_close_ int fd = -EBADF;
	char name[48];

	snprintf(name, sizeof(name), "%u:%u.lock", major(dev), minor(dev));
	fd = open_lock(run_dir, name);
	if (fd < 0)
		return why_set(why, -fd, "lock %s/%s: %s", run_dir, name, strerror(-fd));
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return why_set(why, errno, "lock %s/%s: %s", run_dir, name,
				       strerror(errno));
		if (deadline_passed(deadline))
			return why_set(why, ETIMEDOUT,
				       "another oci-thin-grow holds the lock %s/%s for too long",
				       run_dir, name);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
