/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One container's disk: its size, who grew it, and what happens at the container's next start. list
 * and explain show it; the risk is the same as in doctor and metrics (host/risk.h).
 */

#include "base/size.h"
#include "disk/healing.h"
#include "host/risk.h"

struct outlook_order {
	const struct policy *policy;
	const struct healing *host;	  /* healing_host() */
	const char *run_dir, *ledger_dir; /* RUN_DIR, LEDGER_DIR, except in tests */
};

/* The order for this host; fills *host, which it refers to. */
struct outlook_order outlook_order_host(const struct policy *policy, struct healing *host);

enum next_start {
	NEXT_STARTS,
	NEXT_FAILS,    /* it will not start: the device will be shorter than the filesystem */
	NEXT_NEW_DISK, /* a pod's container: it is re-created */
};

/* Sizes are in bytes; 0: not known. */
struct outlook {
	struct inventory disk;
	bool noted; /* the ledger has an @entry for this device */
	struct ledger_entry entry;
	bool in_vm;  /* a virtual machine has it now: inventory_is_in_vm() */
	bool daemon; /* settings_has_daemon() */
	struct healing healing;
	struct risk_verdict verdict;
	uint64_t size_bytes;   /* of the device; if it is not active, as far as is known */
	uint64_t engine_bytes; /* the size that its engine gives it */
	enum next_start next;
	uint64_t next_bytes; /* its size after the next start */
};

/* Looks at @container, running or not, like inventory_look(). Free it with outlook_free(). */
int outlook_look(const struct engine_container *container, const struct outlook_order *order,
		 struct outlook *ret);

/* The same for a @disk that was already looked at; takes it over. */
void outlook_of(struct inventory *disk, const struct outlook_order *order, struct outlook *ret);
void outlook_free(struct outlook *outlook);

/* Can its device be re-created too short at the next start, unless something extends it? */
bool outlook_needs_healing(const struct outlook *outlook);

/* Was a growth of it started and not finished? */
bool outlook_is_unfinished(const struct outlook *outlook);

/* Is that as intended: does the daemon continue it, now or when the container runs again? */
bool outlook_grows_later(const struct outlook *outlook);

/* How far the growth of its filesystem is: "64 of 1,024 GiB". Only of one that is unfinished. */
const char *outlook_progress_into(struct size_text *out, const struct outlook *outlook);
#define outlook_progress(outlook) outlook_progress_into(&(struct size_text){""}, (outlook))
