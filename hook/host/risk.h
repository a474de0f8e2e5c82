/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Would a container start again? The one answer for list, explain, doctor and metrics. */

#include "disk/heal.h"
#include "disk/ledger.h"
#include "job/inventory.h"
#include "policy/policy.h"

/* In increasing order of severity. */
enum risk {
	RISK_NONE,
	/* A growth is unfinished, and no daemon is sure to continue it. */
	RISK_UNFINISHED,
	RISK_NOT_HEALED, /* its engine would re-create it too short, and nothing would extend it */
	RISK_TOO_SHORT,	 /* its device is too short now: it cannot be mounted */
	RISKS,
};

/* An engine's active thin device, as heal sees it. */
struct risk_device {
	uint32_t thin_id;
	enum heal_result healing; /* what heal would do now */
	uint64_t want_sectors;	  /* how long it must be, by superblock and ledger; 0: not known */
	bool intended;		  /* a growth of it was started and not finished */
};

struct risk_facts {
	const struct inventory *disk;
	const struct risk_device *device; /* NULL: not active */
	const struct ledger_entry *entry; /* for a device of this name, or NULL */
	bool healed;			  /* healing.armed (disk/healing.h) */
	bool daemon;			  /* settings_has_daemon(): it continues growths */
};

/* A dry run of heal on the device @thin. */
void risk_look(const struct thin_device *thin, const struct policy *policy, const char *run_dir,
	       const char *ledger_dir, struct risk_device *ret);

struct risk_verdict {
	enum risk risk;	       /* the worst */
	bool grown;	       /* it must be longer than its engine would re-create it... */
	bool unhealed;	       /* ...and nothing would extend it then */
	uint64_t needed_bytes; /* how long it must be, as far as is known */
};

/*
 * Pure. Only devices that an engine re-creates are at risk. Others are not named the way engines
 * name them, and a pod's container gets a new disk after a reboot.
 */
struct risk_verdict risk_judge(const struct risk_facts *facts);
