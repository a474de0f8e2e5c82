/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is known about one container's disk now; used by list, explain, doctor and metrics. */

#include "disk/rootfs.h"
#include "disk/thin.h"
#include "engine/container.h"
#include "oci/spec.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Sizes are in bytes; 0: not known. */
struct inventory {
	const struct engine_container *container;
	char *device; /* dm name */
	dev_t dev;    /* 0:0 if the device is not active */
	dev_t pool;   /* the same */
	uint32_t thin_id;
	unsigned int opens; /* how many have the device open; a mount is one of them */
	uint64_t device_bytes, filesystem_bytes, used_bytes, available_bytes;
	uint64_t requested_bytes; /* by the container itself */
	char *filesystem;	  /* as in mountinfo; NULL: not mounted, or not visible */
};

/*
 * Looks at @container, running or not. 1 and *ret, to be freed; 0: it is not on a thin device.
 * Never fails: what cannot be read is left out.
 */
int inventory_look(const struct engine_container *container, const struct policy *policy,
		   struct inventory *ret);

/* The same with a spec and rootfs from the caller; rootfs->fd is -EBADF if it is not open. */
int inventory_at(const struct engine_container *container, const struct policy *policy,
		 const struct oci_spec *spec, const struct rootfs *rootfs, struct inventory *ret);

/*
 * Does a virtual machine have it now? @marked: the ledger says that it was given to one. Its
 * container has no process here, and its filesystem cannot be seen.
 */
bool inventory_is_in_vm(const struct inventory *inventory, bool marked);

/* The pool's status, to be freed; its name is NULL if it is not known. */
void inventory_pool(const struct inventory *inventory, struct thin_pool *ret);

void inventory_free(struct inventory *inventory);

/* As df computes it, rounded up; 0: not known. */
unsigned int inventory_used_percent(const struct inventory *inventory);
