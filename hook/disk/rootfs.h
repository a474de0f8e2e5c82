/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The container's rootfs: one open directory from which everything else follows (this is the only
 * user of libmount). The open fd pins mount and device, so the device number means the same device
 * until rootfs_close().
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct thin_device;

/* ext4: also ext2 and ext3. FS_TYPES is how many there are. */
enum fs_type { FS_OTHER, FS_EXT4, FS_XFS, FS_BTRFS, FS_TYPES };

/* "ext4"; "other" */
const char *fs_type_name(enum fs_type type);

struct rootfs {
	int fd;	   /* O_RDONLY on the directory */
	dev_t dev; /* of the block device below it; 0:0 if the filesystem has none */
	enum fs_type fs;
	char *fs_name;	/* as in mountinfo, such as "ext4" or "overlay"; never NULL */
	bool read_only; /* the mount or the filesystem */
};

/*
 * Opens @root_path (config.json's root.path, relative to @bundle or absolute). Reads the mount
 * table only if the filesystem hides its device (btrfs) or is not one that we grow. 0, or -errno
 * with a reason.
 */
int rootfs_open(const char *bundle, const char *root_path, struct rootfs *ret, struct why *why);

/*
 * Opens the rootfs that the process @pid sees. The container may have mounted anything there, so
 * the caller must know the device by other means, or accept any engine's device. 0; -ESRCH: no such
 * process; -EPERM: it is a directory inside a filesystem; -errno; with a reason. Reads that
 * process' mount table.
 */
int rootfs_open_pid(pid_t pid, struct rootfs *ret, struct why *why);

/*
 * Opens the rootfs on @device through a mount that is visible here. 0; -ENOENT: there is none;
 * -ESTALE: another device has its number now; -errno; with a reason. Reads the mount table: never
 * called while a container starts.
 */
int rootfs_open_device(const struct thin_device *device, struct rootfs *ret, struct why *why);

void rootfs_close(struct rootfs *rootfs);

/*
 * Is the directory used by one container only, as far as the mounts show? 0, or -EPERM with a
 * reason: it is on a filesystem of the host itself, or a directory inside a shared one. Reads the
 * mount table, except for ext4 that is mounted whole.
 */
int rootfs_check_exclusive(const struct rootfs *rootfs, struct why *why);

/*
 * For a read-only mount of a writable filesystem: replaces the fd by one that can be written to.
 * That is a private, writable clone of the mount, which nobody else sees and which goes away with
 * the fd; for a mount in another mount namespace, a mount of the device that is visible here;
 * before Linux 5.12, another mount of the device that is writable. 0; -EROFS with a reason: the
 * filesystem itself is read-only, or there is no such mount; -errno.
 */
int rootfs_make_writable(struct rootfs *rootfs, struct why *why);

/* Used and usable bytes of the filesystem, as df shows them. 0 or -errno. */
int rootfs_usage(const struct rootfs *rootfs, uint64_t *ret_used, uint64_t *ret_available);

/* For tests: what @mountinfo says about the mount @mount_id. 0, -ENOENT, -errno. */
int rootfs_mount_source(const char *mountinfo, int mount_id, char **ret_fs_name, char **ret_source);
