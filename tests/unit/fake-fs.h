/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A pretend filesystem on the pretend thin device: a temporary directory, on whose fds the ioctls
 * that read and change a filesystem's size are answered from here. As in the kernel it cannot grow
 * beyond its device. Not armed, all calls are the real ones.
 */

#include "disk/rootfs.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

struct fake_fs {
	enum fs_type type; /* FS_OTHER: not armed */
	char *directory;
	uint32_t block_bytes;
	uint64_t bytes;

	/* What is special about it. */
	bool without_64bit, error_flag, sparse_super2; /* ext4 */
	bool is_ext2s;				       /* mounted by the ext2 driver */
	uint32_t imaxpct;			       /* XFS */
	uint32_t ag_blocks;			       /* XFS: of each allocation group */
	unsigned int btrfs_devices;
	unsigned int lacks_capability; /* CAP_..., or 0 (which is CAP_CHOWN: nobody asks for it) */
	bool mount_read_only, read_only;
	bool no_openat2;		/* ENOSYS, also if not armed */
	int clone_errno, setattr_errno; /* what open_tree, mount_setattr give */
	/* ext4, its block device: what /dev/dm-7 is instead */
	bool device_is_another, device_is_a_file, device_is_short;
	unsigned char superblock_damage; /* xored into the magic number */

	/* What goes wrong: the ioctl that grows says... */
	int grow_errno;
	bool grow_positive;	   /* btrfs: 1, another exclusive operation runs */
	uint64_t grow_less;	   /* success, but so many bytes less were added */
	int read_errno;		   /* the ioctl that reads the size (XFS, btrfs) */
	unsigned int jump_at_read; /* XFS: at the nth reading somebody else has grown it... */
	uint64_t jump_bytes;	   /* ...to this */

	/* What was done. */
	unsigned int reads, grows;
	bool grown_while_suspended;
};

extern struct fake_fs fake_fs;

/* Is the block device open? While it is, nobody can remove it. */
bool fake_fs_device_is_open(void);

/* Called before each pread(), also if not armed: a file may change while it is read. */
extern void (*fake_fs_before_pread)(void);

/* A filesystem of @bytes; *ret is as rootfs_open() would give it, to be closed by the caller. */
void fake_fs_arm(enum fs_type type, uint64_t bytes, struct rootfs *ret);
void fake_fs_disarm(void);

/* The superblock of the pretend ext4. */
void fake_ext4_superblock(uint8_t block[1024]);
