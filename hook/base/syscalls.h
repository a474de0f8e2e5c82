/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * System calls that some supported C libraries do not declare: glibc before 2.36 (Debian 11, RHEL
 * 9, Ubuntu 22.04), musl. Each returns a descriptor (close-on-exec) or 0, or -errno; -ENOSYS: the
 * kernel is older.
 */

#include <linux/capability.h>
#include <linux/openat2.h>
#include <sys/types.h>

/* Since Linux 5.6. */
int call_openat2(int dir_fd, const char *path, const struct open_how *how);

/*
 * Clones the mount that @fd is on, with the file of @fd as its root. The clone is not attached
 * anywhere and goes away when it is closed. Since Linux 5.2.
 */
int call_clone_mount(int fd);

/* Makes that clone writable; the filesystem on it may still be read-only. Since Linux 5.12. */
int call_set_mount_writable(int mount_fd);

/*
 * A new mount of a filesystem, which is not attached anywhere either: fsopen(), fsconfig() with a
 * key and perhaps a value, the superblock, and the mount, writable and without set-user-id, devices
 * and programs. Since Linux 5.2.
 */
int call_fsopen(const char *type);
int call_fsconfig(int fs_fd, const char *key, const char *value);
int call_fscreate(int fs_fd);
int call_fsmount(int fs_fd);

/* A descriptor that poll(2) reports as readable when the child @pid has ended. Since Linux 5.3. */
int call_pidfd_open(pid_t pid);

/* Closes all descriptors from @first on except @keep; -EBADF: none is kept. */
void call_close_all_but(unsigned int first, int keep);

/* Gives this process the lowest I/O priority: it waits for everyone else's. */
int call_set_idle_io(void);

/* The capabilities of this process. */
int call_capget(struct __user_cap_data_struct ret[_LINUX_CAPABILITY_U32S_3]);
