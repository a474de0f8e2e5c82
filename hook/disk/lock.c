/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/lock.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int lock_open_dir(const char *run_dir, struct why *why)
{
	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST)
		return why_set(why, errno, "%s", strerror(errno));
	return file_open_private(run_dir, why);
}

/* A file that another user created while the directory was writable could be held forever. */
static int open_lock(const char *run_dir, const char *name, struct why *why)
{
	_cleanup_close_ int dir = lock_open_dir(run_dir, why), fd = -EBADF;
	struct stat st;

	if (dir < 0)
		return dir;
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return why_set(why, errno, "%s", strerror(errno));
	if (st.st_uid != geteuid())
		return why_set(why, EPERM, "owned by user %u, not by root; remove it", st.st_uid);
	return TAKE_FD(fd);
}

int lock_device(const char *run_dir, dev_t dev, const struct deadline *deadline, int *ret_fd,
		struct why *why)
{
	_cleanup_close_ int fd = -EBADF;
	char name[48];

	snprintf(name, sizeof(name), "%u:%u.lock", major(dev), minor(dev));
	fd = open_lock(run_dir, name, why);
	if (fd < 0)
		return why_prefix(why, fd, text("lock %s/%s", run_dir, name));
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

/* A claim is a locked range of the file, one byte for each block. */
static struct flock range(uint64_t from, uint64_t to)
{
	return (struct flock){
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)from,
		.l_len = (off_t)(to - from),
	};
}

/* The kernel returns only one of the ranges that others have locked. */
static uint64_t count_claimed(int fd, uint64_t from, uint64_t to)
{
	struct flock found = range(from, to);
	uint64_t start, end;

	if (from >= to || fcntl(fd, F_OFD_GETLK, &found) < 0 || found.l_type == F_UNLCK)
		return 0;
	start = (uint64_t)found.l_start;
	end = start + (uint64_t)found.l_len;
	return end - start + count_claimed(fd, from, start) + count_claimed(fd, end, to);
}

uint64_t lock_claimed_blocks(int fd)
{
	return count_claimed(fd, 0, INT64_MAX);
}

void lock_claim(int fd, uint64_t blocks)
{
	struct flock claim = range(0, blocks);
	uint64_t start = 0;

	/* Finds a gap. If claiming fails otherwise, the growth goes on without a claim. */
	while (blocks && fcntl(fd, F_OFD_SETLK, &claim) < 0 && errno == EAGAIN) {
		if (fcntl(fd, F_OFD_GETLK, &claim) == 0 && claim.l_type != F_UNLCK)
			start = (uint64_t)(claim.l_start + claim.l_len);
		claim = range(start, start + blocks);
	}
}

void lock_release(int fd)
{
	flock(fd, LOCK_UN);
}
