/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * dm-thin devices and their pools (the only user of libdevmapper).
 *
 * Devices are looked up by number, never by name: anybody may choose a name. A number, however,
 * means the same device only while an fd is open on it or on the filesystem mounted from it: the
 * kernel gives the number of a removed device to the next one. Code that changes a device must hold
 * such an fd. Formats of tables and status lines:
 * Documentation/admin-guide/device-mapper/thin-provisioning.rst.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SECTOR_BYTES		  UINT64_C(512)
#define THIN_METADATA_BLOCK_BYTES UINT64_C(4096) /* in every pool */

struct thin_device {
	dev_t dev;
	char *name, *uuid;
	char *target; /* type of the first target: "thin", or another */
	unsigned int targets;
	uint64_t sectors;
	char *params; /* of the table: "POOL ID [ORIGIN]" */
	dev_t pool;   /* 0:0 if @target is not "thin" */
	uint32_t thin_id;
	bool read_only, deferred_remove;
	bool suspended;	     /* by another program, or because its pool is suspended */
	bool pool_suspended; /* because of its pool, which resumes the device without a uevent */
	bool inactive_table; /* a table is loaded but not swapped in */
	unsigned int opens;  /* how many have it open; a mount is one of them */
};

enum thin_discards {
	THIN_DISCARDS_IGNORED, /* nothing is unmapped */
	THIN_DISCARDS_KEPT,    /* blocks are unmapped, but not discarded in the device below */
	THIN_DISCARDS_PASSED,  /* and passed down to it */
};

struct thin_pool {
	char *name;
	uint64_t block_sectors;
	uint64_t data_used_blocks, data_blocks;		/* of block_sectors each */
	uint64_t metadata_used_blocks, metadata_blocks; /* of 4 KiB each */
	const char *trouble; /* why it must not be used now ("read-only", ...), or NULL */
	bool failed, needs_check, out_of_data_space,
		read_only;	     /* all that is wrong, not just the first */
	enum thin_discards discards; /* as it is in force */
	bool told_to_keep; /* discards are kept because its table says so (no_discard_passdown) */
};

/*
 * Call before executing another program: libdevmapper keeps /dev/mapper/control open without
 * close-on-exec. The next lookup opens it again.
 */
void thin_release(void);

/*
 * Looks up any device-mapper device. 0; -ENODEV: @dev is not one; other -errno with a reason. One
 * ioctl, or none if the kernel has no device-mapper.
 */
int thin_lookup(dev_t dev, struct thin_device *ret, struct why *why);
int thin_lookup_name(const char *name, struct thin_device *ret, struct why *why);
void thin_device_free(struct thin_device *device);

/*
 * All device-mapper devices, to be freed; each may have been removed meanwhile. 0, or -errno with a
 * reason.
 */
struct thin_list {
	dev_t *devs;
	size_t n;
};
int thin_list(struct thin_list *ret, struct why *why);
void thin_list_free(struct thin_list *list);

/* Is it exactly one plain thin target that we may change? 0, or -EINVAL with what it is instead. */
int thin_check_plain(const struct thin_device *device, struct why *why);

/*
 * Reads the pool's status without making the pool commit its metadata. 0, or -errno with a reason.
 */
int thin_pool_status(dev_t pool, struct thin_pool *ret, struct why *why);
/* The same after a commit: until then, what was freed since the last one counts as used. */
int thin_pool_status_committed(dev_t pool, struct thin_pool *ret, struct why *why);
/* The verb before @trouble: the pool "has" failed, or "is" read-only. */
const char *thin_pool_verb(const struct thin_pool *pool);
void thin_pool_free(struct thin_pool *pool);

static inline uint64_t thin_pool_data_bytes(const struct thin_pool *pool)
{
	return pool->data_blocks * pool->block_sectors * SECTOR_BYTES;
}

static inline uint64_t thin_pool_data_used_bytes(const struct thin_pool *pool)
{
	return pool->data_used_blocks * pool->block_sectors * SECTOR_BYTES;
}

static inline uint64_t thin_pool_data_free_bytes(const struct thin_pool *pool)
{
	uint64_t used = thin_pool_data_used_bytes(pool), all = thin_pool_data_bytes(pool);

	return used < all ? all - used : 0;
}

static inline uint64_t thin_pool_metadata_bytes(const struct thin_pool *pool)
{
	return pool->metadata_blocks * THIN_METADATA_BLOCK_BYTES;
}

static inline uint64_t thin_pool_metadata_used_bytes(const struct thin_pool *pool)
{
	return pool->metadata_used_blocks * THIN_METADATA_BLOCK_BYTES;
}

/*
 * How much of its pool the thin device @dev maps, shared or not. 0, or -errno with a reason.
 */
int thin_mapped_bytes(dev_t dev, uint64_t *ret, struct why *why);

/* Are these the same device with the same table, ignoring the length? */
bool thin_is_same(const struct thin_device *a, const struct thin_device *b);

/*
 * Loads a table of @sectors with the device's own parameters into the inactive slot. 0 or -errno;
 * -EINVAL also while the pool is suspended.
 */
int thin_load(const struct thin_device *device, uint64_t sectors);

/* Clears the inactive slot if it still holds what thin_load() put there. */
void thin_unload(const struct thin_device *device, uint64_t sectors);

/*
 * Swaps in the inactive table, if there is one, and leaves the device resumed, in one call; a
 * device that is not suspended is suspended inside the kernel meanwhile. Dirty data is always
 * flushed first. @freeze: freeze and thaw the filesystem, too. 0 or -errno; -EINTR: a signal came
 * first, and the loaded table is back in the inactive slot.
 */
int thin_swap(dev_t dev, bool freeze);

/*
 * Does @pool have a thin device with this id, active or not? 1; 0; -errno with a reason if that is
 * unknown (-ESTALE: the pool is gone, and another device with its number was asked). The kernel has
 * no call for this: a table is loaded into a device of our own (THIN_PROBE, never resumed, then
 * removed), and fails with ENODATA if the id is not in the pool's metadata. The kernel logs that
 * failure, too. Not for two callers at once.
 */
#define THIN_PROBE "oci-thin-grow-probe"
int thin_has(const struct thin_device *pool, uint32_t id, struct why *why);
