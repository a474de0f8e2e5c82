/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What oci-thin-growd knows about the disks and pools that it watches: RUN_DIR/growd.json, which it
 * replaces every few seconds, and reads when it starts again. Times are CLOCK_BOOTTIME.
 *
 *   {"version": 1, "pid": 1, "boot": "BOOT_ID", "at_ms": 1,
 *    "nri": "containerd", "counts": {"grown": 1, ...},
 *    "filesystems": {"DEVICE": {"container": "docker:web", "state": "watching", "size": 1, ...}},
 *    "pools": {"DEVICE": {"data_used": 1, ...}}}
 */

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAEMON_STATE "growd.json" /* in RUN_DIR */

enum daemon_disk_state {
	DISK_WATCHING,
	DISK_GROWING,
	DISK_LIMITED, /* it is filling up, but a budget is used up */
	DISK_REFUSED, /* its last growth was refused or failed, and is tried again later */
	DISK_AT_MAX,
	DISK_FROZEN, /* its growth, or a look at it, waits in the kernel */
	DISK_LEFT,   /* it is not mounted any more; what it has grown is still remembered */
	DISK_STATES
};

/* Sizes are in bytes. */
struct daemon_disk {
	char *device, *container; /* NULL: not known */
	enum daemon_disk_state state;
	uint64_t size, used, available; /* of the device; of the filesystem */
	uint64_t max;			/* 0: it does not grow by itself */
	uint64_t bytes_per_second;	/* at which it is filled now */
	uint64_t pool;			/* the number of its pool's device; 0: not known */
	uint64_t *grown_ms;		/* its last steps, oldest first, with one in progress */
	size_t n_grown;
	uint64_t remembered_ms; /* each of them: for its budget and cooldown, and its pool's */
	uint64_t steps;		/* how many are in the time of its own budget or cooldown */
	uint64_t backoff_ms, backoff_until_ms;
};

struct daemon_pool {
	char *device;
	uint64_t data_used, data_size, metadata_used, metadata_size;
	uint64_t bytes_per_second; /* at which its data was filled in the last minutes */
};

/* How its decisions to grow a disk ended, since the host was booted. */
enum daemon_count {
	COUNT_GROWN,
	COUNT_REFUSED, /* by policy, or its pool has no room */
	COUNT_FAILED,
	COUNT_LIMITED, /* a budget is used up */
	DAEMON_COUNTS
};

struct daemon_state {
	uint64_t pid, at_ms;
	char *nri; /* the engine that asks the daemon about its containers by NRI; NULL: none */
	uint64_t counts[DAEMON_COUNTS];
	struct daemon_disk *disks;
	size_t n_disks;
	struct daemon_pool *pools;
	size_t n_pools;
};

/* "watching", ... */
const char *daemon_disk_state_name(enum daemon_disk_state state);

/* "grown", ... */
const char *daemon_count_name(enum daemon_count count);

/* In @run_dir (RUN_DIR, except in tests), atomically, but not durably. 0 or -errno. */
int daemon_state_write(const char *run_dir, const struct daemon_state *state);

/*
 * 1 and *ret, to be freed; 0: there is none from this boot; -errno with a reason. The daemon may
 * have ended since.
 */
int daemon_state_read(const char *run_dir, struct daemon_state *ret, struct why *why);

/* The same if the daemon runs now and has written it lately; else, and if it cannot be read, 0. */
int daemon_state_now(const char *run_dir, struct daemon_state *ret);

/* NULL: it is not watched. */
const struct daemon_disk *daemon_state_disk(const struct daemon_state *state, const char *device);
const struct daemon_pool *daemon_state_pool(const struct daemon_state *state, const char *device);

void daemon_state_free(struct daemon_state *state);
