/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The system calls that not every C library we build with declares: glibc before 2.36 (Debian 11,
 * RHEL 9, Ubuntu 22.04), musl. Each returns a descriptor (close-on-exec) or 0, or -errno; -ENOSYS:
 * the kernel is older.
 */

#include <linux/capability.h>
#include <linux/openat2.h>

/* From Linux 5.6 on. */
int call_openat2(int dir_fd, const char *path, const struct open_how *how);

/*
 * Clones the mount that @fd is on, with what @fd refers to as its root. The clone is attached
 * nowhere and goes away when it is closed. From Linux 5.2 on.
 */
int call_clone_mount(int fd);

/* Makes that clone writable; the filesystem on it may still be read-only. From Linux 5.12 on. */
int call_set_mount_writable(int mount_fd);

/* The capabilities of this process. */
int call_capget(struct __user_cap_data_struct ret[_LINUX_CAPABILITY_U32S_3]);
