/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A fake filesystem on the fake thin device: a temporary directory, for whose fds the ioctls that
 * read and change a filesystem's size are answered here. As in the kernel, it cannot grow beyond
 * its device. Unless armed, all calls are the real ones.
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

	/* Properties. */
	bool without_64bit, error_flag, sparse_super2; /* ext4 */
	bool is_ext2s;				       /* mounted by the ext2 driver */
	uint16_t more_mounts;			       /* ext4: how often it was mounted again */
	uint32_t imaxpct;			       /* XFS */
	uint32_t ag_blocks;			       /* XFS: of each allocation group */
	unsigned int btrfs_devices;
	unsigned int lacks_capability; /* CAP_..., or 0 (CAP_CHOWN, which is never needed) */
	bool mount_read_only, read_only;
	bool in_mount_table;		/* as the mount of its directory, which is the host's */
	bool no_openat2;		/* ENOSYS, also if not armed */
	int clone_errno, setattr_errno; /* errors of open_tree and mount_setattr */
	int fsopen_errno, create_errno; /* of fsopen and of fsconfig's last step */
	void (*before_create)(void);
	char mount_log[128]; /* "ext4 source=... mount" */
	/* ext4's block device: type of /dev/dm-7 */
	bool device_is_another, device_is_a_file, device_is_short;
	unsigned char superblock_damage; /* xored into the magic number */
	int device_read_errno;

	/* Faults to inject: the growing ioctl returns... */
	int grow_errno;
	bool grow_positive; /* btrfs: 1, another exclusive operation is running */
	uint64_t grow_less; /* success, but grows by so many bytes less */
	bool frozen;	    /* who would write waits until fake_fs_thaw(), even if killed */
	int trim_errno;	    /* FITRIM fails */
	uint64_t trim_blocks, trim_shared_blocks; /* what it unmaps, and which are shared */
	int read_errno;				  /* the ioctl that reads the size (XFS, btrfs) */
	unsigned int jump_at_read; /* XFS: at the nth reading another program has grown it... */
	uint64_t jump_bytes;	   /* ...to this */

	/* What happened. */
	unsigned int reads, grows, trims, syncs;
	int waiter; /* a process that was killed and still waits, or 0 */
	bool grown_while_suspended;
};

extern struct fake_fs fake_fs;

/* Ends the freeze, and the wait of a process that was killed meanwhile. */
void fake_fs_thaw(void);

/* Is the block device open? Then it cannot be removed. */
bool fake_fs_device_is_open(void);

/* How often it is open: as a block device, and by a mount of call_fsmount(). */
unsigned int fake_fs_device_opens(void);

/* Called before each pread(), also if not armed: a file may change while it is read. */
extern void (*fake_fs_before_pread)(void);

/* Creates a filesystem of @bytes; *ret is as from rootfs_open(), to be closed by the caller. */
void fake_fs_arm(enum fs_type type, uint64_t bytes, struct rootfs *ret);
void fake_fs_disarm(void);

/* The superblock of the fake ext4. */
void fake_ext4_superblock(uint8_t block[1024]);
