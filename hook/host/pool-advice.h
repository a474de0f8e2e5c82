/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The commands that repair a thin pool, made of what is known about it. Pure but for
 * pool_backing_look(). Formats: Documentation/admin-guide/device-mapper/thin-provisioning.rst.
 */

#include "host/lvm.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What lies below a pool. */
struct pool_backing {
	char *node;	/* "/dev/loop0" */
	char *file;	/* of a loop device; NULL: it is none, or its file is gone */
	uint64_t bytes; /* as long as it is now, which may be more than the pool uses */
};

struct pool_facts {
	const char *name, *uuid; /* dm */
	const char *params; /* of its table: "META DATA BLOCK_SECTORS LOW_WATER N FEATURE..." */
	uint64_t sectors, block_sectors;
	uint64_t data_used_blocks, metadata_blocks;
	unsigned int data_percent; /* fuller it must not be */
	const char *const *thins;  /* names of its active thin devices */
	size_t n_thins;
	struct pool_backing data, metadata;
	const struct lvm_pool *lvm; /* NULL: it is not LVM's */
};

/* Reads it from @sys ("/sys" but in tests); what cannot be read stays empty. */
void pool_backing_look(const char *sys, dev_t dev, struct pool_backing *ret);
void pool_backing_free(struct pool_backing *backing);

/* The devices of a table's params. 0 or -EINVAL. */
int pool_devices(const char *params, dev_t *ret_metadata, dev_t *ret_data);

/*
 * Each a command for sh, to be freed; NULL if none does it (there is no room below the pool that a
 * command could give it), or if memory runs out.
 */
char *pool_extend_data(const struct pool_facts *pool);	   /* by a quarter, or by what is there */
char *pool_extend_metadata(const struct pool_facts *pool); /* to twice its size */
char *pool_make_writable(const struct pool_facts *pool);
/* Takes the pool down, checks its metadata, brings it up. Fails at once while it is in use. */
char *pool_check(const struct pool_facts *pool);

/* LVM's "VG/LV" of a pool's dm name, to be freed; NULL if @uuid is not LVM's. */
char *pool_lvm_name(const char *name, const char *uuid);
