/* SPDX-License-Identifier: Apache-2.0 */
#include "base/syscalls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From <linux/mount.h>, which collides with <sys/mount.h> in some versions of glibc. */
#define CLONE_TREE	UINT32_C(1)
#define SET_ATTR_RDONLY UINT64_C(1)
enum { FS_SET_FLAG, FS_SET_STRING, FS_CREATE = 6 };
/* From <linux/ioprio.h>, since Linux 5.15: IOPRIO_WHO_PROCESS, and IOPRIO_CLASS_IDLE shifted. */
enum { IO_PRIORITY_OF_PROCESS = 1, IO_PRIORITY_IDLE = 3 << 13 };
enum { FS_CLOEXEC = 1, FS_NOSUID = 2, FS_NODEV = 4, FS_NOEXEC = 8 };

/* The numbers on all architectures except alpha. */
#ifndef __NR_open_tree
#define __NR_open_tree 428
#endif
#ifndef __NR_fsopen
#define __NR_fsopen 430
#endif
#ifndef __NR_fsconfig
#define __NR_fsconfig 431
#endif
#ifndef __NR_fsmount
#define __NR_fsmount 432
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif

struct mount_change {
	uint64_t set, clear, propagation, userns_fd;
};

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int call_openat2(int dir_fd, const char *path, const struct open_how *how)
{
	return result(syscall(__NR_openat2, dir_fd, path, how, sizeof(*how)));
}

int call_clone_mount(int fd)
{
	return result(syscall(__NR_open_tree, fd, "", CLONE_TREE | O_CLOEXEC | AT_EMPTY_PATH));
}

int call_set_mount_writable(int mount_fd)
{
	const struct mount_change change = {.clear = SET_ATTR_RDONLY};

	return result(
		syscall(__NR_mount_setattr, mount_fd, "", AT_EMPTY_PATH, &change, sizeof(change)));
}

int call_fsopen(const char *type)
{
	return result(syscall(__NR_fsopen, type, FS_CLOEXEC));
}

int call_fsconfig(int fs_fd, const char *key, const char *value)
{
	return result(
		syscall(__NR_fsconfig, fs_fd, value ? FS_SET_STRING : FS_SET_FLAG, key, value, 0));
}

int call_fscreate(int fs_fd)
{
	return result(syscall(__NR_fsconfig, fs_fd, FS_CREATE, NULL, NULL, 0));
}

int call_fsmount(int fs_fd)
{
	return result(syscall(__NR_fsmount, fs_fd, FS_CLOEXEC, FS_NOSUID | FS_NODEV | FS_NOEXEC));
}

int call_pidfd_open(pid_t pid)
{
	return result(syscall(__NR_pidfd_open, pid, 0));
}

static bool close_between(unsigned int first, unsigned int end)
{
	return first >= end || syscall(__NR_close_range, first, end - 1, 0) == 0;
}

static void close_one_by_one(unsigned int first, int keep)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		long fd = strtol(entry->d_name, NULL, 10);

		if (fd >= (long)first && fd != keep && fd != dirfd(dir))
			close((int)fd);
	}
	if (dir)
		closedir(dir);
}

void call_close_all_but(unsigned int first, int keep)
{
	bool keeps = keep >= (int)first;
	unsigned int kept = keeps ? (unsigned int)keep : first;

	/* Before Linux 5.9, and in a SystemCallFilter of systemd with libseccomp before 2.5.2 */
	if (!close_between(first, kept) || !close_between(kept + keeps, UINT32_MAX))
		close_one_by_one(first, keep);
}

int call_set_idle_io(void)
{
	return result(syscall(__NR_ioprio_set, IO_PRIORITY_OF_PROCESS, 0, IO_PRIORITY_IDLE));
}

int call_capget(struct __user_cap_data_struct ret[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return result(syscall(__NR_capget, &header, ret));
}
