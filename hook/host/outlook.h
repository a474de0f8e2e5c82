/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One container's disk: how large it is, who grew it, and how its next start will go. list and
 * explain show it; the risk is judged as for doctor and metrics (host/risk.h).
 */

#include "disk/healing.h"
#include "host/risk.h"

struct outlook_order {
	const struct policy *policy;
	const struct healing *host;	  /* healing_host() */
	const char *run_dir, *ledger_dir; /* RUN_DIR, LEDGER_DIR but in tests */
};

enum next_start {
	NEXT_STARTS,
	NEXT_FAILS,    /* it will not start: its device is shorter then than its filesystem */
	NEXT_NEW_DISK, /* a pod's container: it is created anew */
};

/* Sizes are bytes, 0 where they are not known. */
struct outlook {
	struct inventory disk;
	bool noted; /* the ledger has an @entry of this device */
	struct ledger_entry entry;
	struct healing healing; /* if it must be longer than its engine makes it */
	struct risk_verdict verdict;
	uint64_t size_bytes;   /* of the device, or what is known of one that is not active */
	uint64_t engine_bytes; /* what its engine makes it */
	enum next_start next;
	uint64_t next_bytes; /* how large it is then */
};

/* Of @container, running or not: as inventory_look(). Free it with outlook_free(). */
int outlook_look(const struct engine_container *container, const struct outlook_order *order,
		 struct outlook *ret);

/* The same of a @disk that was looked at already, and is taken over. */
void outlook_of(struct inventory *disk, const struct outlook_order *order, struct outlook *ret);
void outlook_free(struct outlook *outlook);

/* Is there a growth of it that was begun, and is not finished? */
bool outlook_is_unfinished(const struct outlook *outlook);
