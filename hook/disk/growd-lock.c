/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/growd-lock.h"

#include "base/cleanup.h"
#include "disk/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define OPEN_LOCK (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* growd_is_running() holds the lock for an instant; only a daemon holds it longer than this. */
#define TRIES	 20
#define PAUSE_NS 50000000L

/* What another user owns could be held by that user, while nobody grows anything. */
static int check_owner(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() ? 0 : -EPERM;
}

static int open_lock(int dir, int flags)
{
	_cleanup_close_ int fd = openat(dir, GROWD_LOCK, flags | OPEN_LOCK, 0600);
	int r = fd < 0 ? -errno : check_owner(fd);

	return r < 0 ? r : TAKE_FD(fd);
}

bool growd_is_running(const char *run_dir)
{
	_cleanup_close_ int dir = open(run_dir, O_RDONLY | O_DIRECTORY | OPEN_LOCK);
	_cleanup_close_ int fd = dir < 0 ? -EBADF : open_lock(dir, O_RDONLY);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int growd_lock(const char *run_dir)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct why unused;
	_cleanup_close_ int dir = lock_open_dir(run_dir, &unused);
	_cleanup_close_ int fd = dir < 0 ? -EBADF : open_lock(dir, O_RDWR | O_CREAT);

	if (dir < 0 || fd < 0)
		return dir < 0 ? dir : fd;
	for (int i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return TAKE_FD(fd);
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}
