/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * dm-thin devices and their pools (the only user of libdevmapper).
 *
 * Devices are looked up by number, never by name: names are whatever somebody gave. But a number
 * means the same device only as long as an fd is open on it, or on the filesystem that is mounted
 * from it: the kernel gives the number of a removed device to the next one. Whoever changes a
 * device holds such an fd. Formats of tables and status lines:
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
	char *target; /* type of the first target: "thin", or what the device is instead */
	unsigned int targets;
	uint64_t sectors;
	char *params; /* of the table: "POOL ID [ORIGIN]" */
	dev_t pool;   /* 0:0 if @target is not "thin" */
	uint32_t thin_id;
	bool read_only, deferred_remove;
	bool suspended;	     /* by somebody, or because its pool is */
	bool pool_suspended; /* it is the pool: that resumes the device without a uevent */
	bool inactive_table; /* a table waits to be swapped in */
};

struct thin_pool {
	char *name;
	uint64_t block_sectors;
	uint64_t data_used_blocks, data_blocks;		/* of block_sectors each */
	uint64_t metadata_used_blocks, metadata_blocks; /* of 4 KiB each */
	const char *trouble; /* why it must not be used now ("read-only", ...), or NULL */
	bool failed, needs_check, out_of_data_space, read_only; /* all of the trouble */
};

/*
 * Before another program is executed: libdevmapper keeps /dev/mapper/control open without
 * close-on-exec. Whatever is asked next opens it again.
 */
void thin_release(void);

/*
 * Any device-mapper device. 0; -ENODEV: @dev is none; other -errno with a reason.
 * One ioctl; none at all if the kernel has no device-mapper.
 */
int thin_lookup(dev_t dev, struct thin_device *ret, struct why *why);
int thin_lookup_name(const char *name, struct thin_device *ret, struct why *why);
void thin_device_free(struct thin_device *device);

/* All device-mapper devices, to be freed; any may be gone again. 0, or -errno with a reason. */
struct thin_list {
	dev_t *devs;
	size_t n;
};
int thin_list(struct thin_list *ret, struct why *why);
void thin_list_free(struct thin_list *list);

/* Is it exactly one plain thin target, ours to touch? 0, or -EINVAL with what it is instead. */
int thin_check_plain(const struct thin_device *device, struct why *why);

/* 0, or -errno with a reason. Does not make the pool commit. */
int thin_pool_status(dev_t pool, struct thin_pool *ret, struct why *why);
void thin_pool_free(struct thin_pool *pool);

/* The same device with the same table, whatever its length? */
bool thin_is_same(const struct thin_device *a, const struct thin_device *b);

/* Puts a table of @sectors with the device's own parameters into the inactive slot. 0 or -errno;
 * -EINVAL also while the pool is suspended. */
int thin_load(const struct thin_device *device, uint64_t sectors);

/* Clears the inactive slot, if what thin_load() put there is still in it. */
void thin_unload(const struct thin_device *device, uint64_t sectors);

/*
 * Swaps the inactive table in (if there is one) and leaves the device resumed, in one call; a
 * device that is not suspended is suspended inside the kernel meanwhile. Dirty data is always
 * flushed before. @freeze: freeze and thaw the filesystem too. 0 or -errno; -EINTR: a signal came
 * first, and the loaded table is back in the inactive slot.
 */
int thin_swap(dev_t dev, bool freeze);

/*
 * Has @pool a thin device of this id, active or not? 1; 0; -errno with a reason if that cannot be
 * told (-ESTALE: the pool is gone, and what has its number now has been asked instead). There is no
 * question for that: a table is loaded into a device of our own (THIN_PROBE, never resumed, then
 * removed), and the kernel says ENODATA if the id is not in the pool's metadata. It complains of
 * that in its own log, too. Not for two callers at once.
 */
#define THIN_PROBE "oci-thin-grow-probe"
int thin_has(const struct thin_device *pool, uint32_t id, struct why *why);
