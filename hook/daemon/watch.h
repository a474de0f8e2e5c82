/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The filesystems that are watched, and the pools below them: what is known about each. */

#include "daemon/budget.h"
#include "daemon/history.h"
#include "daemon/mounts.h"
#include "daemon/owner.h"
#include "daemon/pace.h"
#include "daemon/sampler.h"

enum watch_state {
	WATCH_NEW,   /* its owner is not known yet */
	WATCH_OTHER, /* it is not a container's, or a virtual machine has it */
	WATCH_KNOWN,
};

/* A growth of it that was put off at its container's start, or interrupted. */
struct watch_finish {
	uint64_t at_ms;	     /* when the next step is due; 0: there is no such growth */
	uint64_t backoff_ms; /* after a failure */
	pid_t pid;	     /* the child that makes a step, or 0 */
	uint64_t since_ms;
	bool seen; /* in the ledger */
};

struct watch {
	struct mount_point mount;
	enum watch_state state;
	struct owner owner;	 /* WATCH_KNOWN */
	unsigned int generation; /* of the configuration from which @owner has its limits */

	uint64_t look_at_ms; /* when to ask for the owner; 0: not */
	unsigned int looks;  /* in vain */
	bool look_at_size;   /* only the size is to be asked for */

	struct pace pace;
	uint64_t sample_at_ms;
	bool asked; /* the sampler has a question about it */
	pid_t hung; /* the sampler that waits for it in the kernel, or 0 */

	struct budget steps;	/* with the one that is being made */
	uint64_t remembered_ms; /* each of them: for its own budget and cooldown, and its pool's */
	pid_t growing;		/* the child, or 0 */
	uint64_t growing_since_ms, growing_to_bytes;
	uint64_t backoff_ms, backoff_until_ms; /* after a failure */
	struct watch_finish finish;
	bool told_limit, told_max, told_stuck; /* in the log, until that has changed */
};

struct pool {
	dev_t dev;
	struct pool_sample last;
	uint64_t last_ms;
	int64_t bytes_per_s; /* in the last minutes; negative: it was emptied */
	uint64_t sample_at_ms;
	pid_t hung; /* as of a watch */
};

struct watch_table {
	struct watch **watches;
	size_t n;
	struct pool **pools;
	size_t n_pools;
	struct history history; /* of what is not mounted */
};

/*
 * Adds what is new in @list, to be looked at now, and removes what is not in it any more; its steps
 * are remembered. 0 or -ENOMEM.
 */
int watch_sync(struct watch_table *table, struct mount_list *list, uint64_t now_ms);

/* Its owner is known: it goes on with the steps that are remembered of its device. */
void watch_remember(struct watch_table *table, struct watch *watch);

/* Asks for the size of its device soon; for its owner too, if that was due later. */
void watch_ask_size(struct watch *watch, uint64_t now_ms);

struct watch *watch_find(const struct watch_table *table, dev_t dev);

struct pool *watch_find_pool(const struct watch_table *table, dev_t dev);

/* The pool, added if it is new. NULL: out of memory. */
struct pool *watch_pool(struct watch_table *table, dev_t dev);

/* How many steps of its disks, mounted or not, were made less than @period_ms ago? */
size_t watch_pool_spent(const struct watch_table *table, dev_t pool, uint64_t period_ms,
			uint64_t now_ms);

/* Removes pools that no watched filesystem uses. */
void watch_drop_pools(struct watch_table *table);

/* After a change that may let a refused growth succeed. @pool: 0:0 for all. */
void watch_end_backoff(struct watch_table *table, dev_t pool);

void watch_free(struct watch_table *table);
