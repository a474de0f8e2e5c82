/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A fake device-mapper behind the libdm calls, with a thin device and its pool, and a third device
 * without a table while a test asks which thin ids the pool has. It keeps tables and states like
 * the kernel: a load fills the inactive slot, a resume suspends, swaps and resumes; the last load
 * wins. Tests check the state at the end. Unless armed, there is no device-mapper.
 */

#include <libdevmapper.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

#define FAKE_MAJOR 1234
#define FAKE_THIN  makedev(FAKE_MAJOR, 7)
#define FAKE_POOL  makedev(FAKE_MAJOR, 3)

struct fake_table {
	unsigned int targets; /* 0: no table */
	uint64_t sectors;     /* of all targets together */
	const char *target;
	char params[96];
};

struct fake_device {
	dev_t dev;
	const char *name, *uuid;
	struct fake_table live, inactive;
	bool gone;
	bool read_only, deferred_remove, internal_suspend;
	bool suspended;
	bool by_another;	    /* another program suspended it */
	unsigned int lookups_to_go; /* it is resumed after this many lookups; 0: never */
	unsigned int opens;	    /* so many others have it open, as udev does... */
	unsigned int opens_to_go;   /* ...and close it after this many lookups; 0: never */
};

#define ANY_CALL	    (-1)
#define FAULT_WITHOUT_ERRNO (-1) /* dm_task_run() fails, dm_task_get_errno() says 0 */

/* Which call: the @nth of @type (DM_DEVICE_..., or ANY_CALL), counted from 1; 0: none. */
struct fake_when {
	int type;
	unsigned int nth;
};

enum fake_harm {
	HARM_NONE,	    /* the call fails without an effect; a loaded table stays loaded */
	HARM_SUSPENDED,	    /* a failed resume leaves the device suspended, the new table is lost */
	HARM_KEPT_INACTIVE, /* it leaves the device suspended and the new table inactive */
	HARM_SWAPPED,	    /* it leaves the device suspended with the new table */
};

struct fake_dm {
	bool armed;
	struct fake_device thin, pool;
	char pool_status[128];
	uint64_t mapped_blocks; /* of the thin device */
	uint64_t freed_blocks;	/* still used in pool_status, until the pool commits */
	/* unmapped in the background: so many in all, and with each look at the thin device */
	uint64_t unmap_later_blocks, unmap_per_look_blocks;
	bool thin_fails;      /* the thin device's status is "Fail" */
	uint32_t thin_ids[8]; /* ids in the pool's metadata besides the thin device's */

	/* Faults to inject. */
	struct fake_when fault;
	bool fault_lasts; /* all later calls fail, too */
	int fault_errno;
	enum fake_harm harm;
	bool faulted; /* the fault has happened */
	void (*after_fault)(void);
	struct fake_when meddle_at;
	void (*meddle)(void); /* what another program does right before that call */
	unsigned int
		loads_refused; /* so many loads fail with EINVAL, as while the pool is suspended */
	bool foreign_loads;    /* allow a load of another device's table */

	/* What happened. */
	unsigned int calls, count[32]; /* calls of all types, and of each DM_DEVICE_... */
	unsigned int commits;	       /* status calls of the pool that flushed */
	unsigned int complaints;       /* kernel log lines: loads while the pool is suspended */
	bool probe_exists;	       /* oci-thin-grow-probe was not removed */
	bool resumed_anothers;	       /* another program's suspend was undone */
	char log[512];		       /* "load 8388608, resume, ..." */
};

extern struct fake_dm fake_dm;

/* A healthy thin device of @sectors in a pool of 100 GiB, with no fault set. */
void fake_dm_arm(uint64_t sectors);
void fake_dm_disarm(void);

/* Appends to fake_dm.log. */
void fake_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Unmaps blocks of the thin device; so many of them are shared and stay in use in the pool. */
void fake_dm_unmap(uint64_t blocks, uint64_t shared_blocks);

/* What another program does: loads a table of @sectors; loads and resumes. */
void fake_dm_load(uint64_t sectors);
void fake_dm_swap(void);
void fake_dm_suspend_by_another(unsigned int lookups_to_go);

/* Suspends the pool, and with it its thin device, for so many lookups; 0: for ever. */
void fake_dm_suspend_pool(unsigned int lookups_to_go);
