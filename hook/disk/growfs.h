/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A mounted filesystem: how large it is, and making it larger by ioctl.
 *
 * Each filesystem has one file (growfs-ext4.c, growfs-xfs.c, growfs-btrfs.c) that fills a struct
 * growfs, grows, and knows what that costs; growfs.c is the table of them.
 */

#include "base/why.h"
#include "disk/rootfs.h"

#include <stdbool.h>
#include <stdint.h>

struct growfs {
	enum fs_type type;
	uint32_t block_bytes;
	uint64_t bytes;	      /* of the device that the filesystem uses now */
	uint64_t slack_bytes; /* it may leave so much at the device's end unused */
	uint64_t max_bytes;   /* it can never be larger than this */
	uint64_t group_bytes; /* what it is made of: block groups, allocation groups; 0: nothing */
	uint64_t group_metadata_bytes; /* what each new group will hold, side by side */
	uint64_t many_groups;	       /* more than these make it slow; 0: no number does */
	const char *obstacle;	       /* why it cannot be grown at all, or NULL; static */
	bool needs_settling;	       /* after growing: freeze and thaw once, see disk/grow.c */
	uint8_t uuid[16];
	uint32_t mount_count; /* ext4; else 0 */
	uint64_t xfs_blocks, btrfs_devid;
	uint32_t xfs_imaxpct;
	struct {
		uint32_t flex_groups, descriptors_per_block, descriptor_blocks, reserved_blocks;
		bool backs_up_each_group, has_meta_bg;
	} ext4; /* as in struct ext4_superblock */
};

/* 0; -ENOTSUP: not a filesystem that we grow; -errno; both with a reason. */
int growfs_read(const struct rootfs *rootfs, struct growfs *ret, struct why *why);

/* Does the process have the privileges that growing takes? 0, or -EPERM with a reason. */
int growfs_check_privileges(struct why *why);

/*
 * How many blocks of the pool growing to @bytes will take, sooner or later, for the filesystem's
 * own metadata: of the new space, and of what is there and is still shared with another device (an
 * image). Pure; never below what was measured (tests/unit/test-growfs.c has the figures). What a
 * place takes is at least a block of the pool, which is between 64 KiB and 1 GiB.
 */
uint64_t growfs_cost_blocks(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes);

/*
 * Grows to @bytes (what is not a whole block is left), at most to the end of the device, and reads
 * the size again into *fs. 0; -errno with a reason; never makes anything smaller.
 */
int growfs_grow(const struct rootfs *rootfs, struct growfs *fs, uint64_t bytes, struct why *why);

/*
 * What is to be known before growing to @bytes: that it was made for a far smaller disk, and will
 * be made of too many groups. true and the text.
 */
bool growfs_caution(const struct growfs *fs, uint64_t bytes, struct why *ret);

/* The members of the table, for growfs.c only. *_cost(): @bytes is more than fs->bytes. */
int growfs_ext4_read(const struct rootfs *rootfs, struct growfs *ret);
int growfs_ext4_grow(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes);
uint64_t growfs_ext4_cost(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes);
int growfs_xfs_read(const struct rootfs *rootfs, struct growfs *ret);
int growfs_xfs_grow(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes);
uint64_t growfs_xfs_cost(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes);
int growfs_btrfs_read(const struct rootfs *rootfs, struct growfs *ret);
int growfs_btrfs_grow(const struct rootfs *rootfs, const struct growfs *fs, uint64_t bytes);
uint64_t growfs_btrfs_cost(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes);

/*
 * For them: the most blocks that a run of @bytes can touch which begins anywhere at a multiple of
 * @every bytes.
 */
uint64_t growfs_run_blocks(uint64_t bytes, uint64_t every, uint64_t pool_block_bytes);
