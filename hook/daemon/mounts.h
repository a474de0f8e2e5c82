/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The filesystems that are mounted here, as far as they may be containers' disks: those that can
 * grow, on a block device that is not known to be something else. Format: proc_pid_mountinfo(5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mount_point {
	dev_t dev;
	bool hides_device; /* st_dev is not @dev (btrfs) */
	bool has_inodes;   /* a fixed number of them (ext4) */
	char *path;
	char *source; /* what was mounted, as it was named then: "/dev/mapper/NAME" */
};

/* One for each device: the first mount of its root, or its first one. */
struct mount_list {
	struct mount_point *mounts;
	size_t n;
};

/*
 * @dm_major: of device-mapper's devices. @device_of: the number of the device at a path, 0:0 if
 * there is none; for filesystems that hide it. Lines that are not understood are skipped. 0 or
 * -ENOMEM; free *ret in either case.
 */
int mounts_parse(const char *mountinfo, unsigned int dm_major, dev_t (*device_of)(const char *path),
		 struct mount_list *ret);

/* Those in the file @fd, which is open on /proc/self/mountinfo. 0 or -errno. */
int mounts_read(int fd, struct mount_list *ret);

const struct mount_point *mounts_find(const struct mount_list *list, dev_t dev);

void mounts_free(struct mount_list *list);
