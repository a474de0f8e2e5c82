/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the size of a mounted filesystem and grows it by ioctl.
 *
 * Each filesystem has one file (growfs-ext4.c, growfs-xfs.c, growfs-btrfs.c) that fills a struct
 * growfs, grows, and computes the cost; growfs.c has the table of them.
 */

#include "base/why.h"
#include "disk/rootfs.h"

#include <stdbool.h>
#include <stdint.h>

struct growfs {
	enum fs_type type;
	uint32_t block_bytes;
	uint64_t bytes;		       /* bytes of the device that the filesystem uses now */
	uint64_t slack_bytes;	       /* it may leave this much unused at the end of the device */
	uint64_t max_bytes;	       /* its largest possible size */
	uint64_t group_bytes;	       /* size of a block group or allocation group; 0: none */
	uint64_t group_metadata_bytes; /* metadata of each new group, contiguous */
	uint64_t many_groups;	       /* more groups than this make it slow; 0: no limit */
	const char *obstacle;	       /* why it cannot grow at all, or NULL; static */
	bool needs_settling;	       /* freeze and thaw once after growing, see disk/grow.c */
	bool takes_long;	       /* the time to grow is proportional to what is added */
	uint8_t uuid[16];
	uint32_t mount_count; /* ext4; else 0 */
	uint64_t xfs_blocks, btrfs_devid;
	uint32_t xfs_imaxpct;
	struct {
		uint32_t flex_groups, descriptors_per_block, descriptor_blocks, reserved_blocks;
		bool backs_up_each_group, has_meta_bg;
	} ext4; /* as in struct ext4_superblock */
};

/* 0; -ENOTSUP: growing this filesystem is not supported; -errno; both with a reason. */
int growfs_read(const struct rootfs *rootfs, struct growfs *ret, struct why *why);

/* Does the process have the capabilities that growing needs? 0, or -EPERM with a reason. */
int growfs_check_privileges(struct why *why);

/*
 * How many pool blocks the filesystem's own metadata will take, sooner or later, when it grows to
 * @bytes: for the new space, and for existing blocks that are still shared with another device (an
 * image). Pure; never below what was measured (the figures are in tests/unit/test-growfs.c). Each
 * contiguous write takes at least one pool block, which is between 64 KiB and 1 GiB.
 */
uint64_t growfs_cost_blocks(const struct growfs *fs, uint64_t bytes, uint64_t pool_block_bytes);

/*
 * Grows to @bytes, rounded down to a whole block and at most to the end of the device, and reads
 * the size again into *fs. 0; -errno with a reason; never makes anything smaller.
 */
int growfs_grow(const struct rootfs *rootfs, struct growfs *fs, uint64_t bytes, struct why *why);

/*
 * Is there a drawback in growing to @bytes: the filesystem was made for a far smaller disk and
 * would have too many groups? If so: true and the text.
 */
bool growfs_caution(const struct growfs *fs, uint64_t bytes, struct why *ret);

/*
 * The rows of the table, for growfs.c only. *_read() and *_grow() return 0 or -errno; *_cost()
 * needs @bytes to be larger than fs->bytes.
 */
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
 * Helper for the costs: the largest number of pool blocks that a run of @bytes can touch if it
 * begins at any multiple of @every bytes.
 */
uint64_t growfs_run_blocks(uint64_t bytes, uint64_t every, uint64_t pool_block_bytes);
