/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The commands that repair or extend a thin pool. Pure except for pool_backing_look(). Formats:
 * Documentation/admin-guide/device-mapper/thin-provisioning.rst.
 */

#include "host/lvm.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A block device below a pool. */
struct pool_backing {
	char *node;	/* "/dev/loop0" */
	char *file;	/* of a loop device; NULL: not a loop device, or its file is deleted */
	uint64_t bytes; /* its present length, which may be more than the pool uses */
};

struct pool_facts {
	const char *name, *uuid; /* dm */
	const char *params; /* of its table: "META DATA BLOCK_SECTORS LOW_WATER N FEATURE..." */
	uint64_t sectors, block_sectors;
	uint64_t data_used_blocks, metadata_blocks;
	unsigned int data_percent; /* pool_guard.data_percent */
	const char *const *thins;  /* names of its active thin devices */
	size_t n_thins;
	struct pool_backing data, metadata;
	const struct lvm_pool *lvm; /* NULL: not an LVM pool */
};

/* Reads it from @sys ("/sys", except in tests); what cannot be read stays empty. */
void pool_backing_look(const char *sys, dev_t dev, struct pool_backing *ret);
void pool_backing_free(struct pool_backing *backing);

/* The devices of a table's params. 0 or -EINVAL. */
int pool_devices(const char *params, dev_t *ret_metadata, dev_t *ret_data);

/*
 * Each returns a command for sh, to be freed; NULL if no command can do it (there is no space below
 * the pool), or if out of memory.
 */
char *pool_extend_data(const struct pool_facts *pool);	   /* by a quarter, or the free space */
char *pool_extend_metadata(const struct pool_facts *pool); /* to twice its size */
char *pool_make_writable(const struct pool_facts *pool);
/* Deactivates the pool, checks its metadata, activates it. Fails at once while it is in use. */
char *pool_check(const struct pool_facts *pool);

/* LVM's "VG/LV" of a pool's dm name, to be freed; NULL if @uuid is not LVM's. */
char *pool_lvm_name(const char *name, const char *uuid);
