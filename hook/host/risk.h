/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Would a container start again? One answer, for doctor and metrics alike. */

#include "disk/heal.h"
#include "disk/ledger.h"
#include "job/inventory.h"
#include "policy/policy.h"

/* What is wrong with a container's disk. What is worse comes later. */
enum risk {
	RISK_NONE,
	RISK_UNFINISHED, /* a growth was cut short; the next start or heal --all finishes it */
	RISK_NOT_HEALED, /* larger than its engine will make it, and nothing would extend that */
	RISK_TOO_SHORT,	 /* its device is too short now: it cannot be mounted */
	RISKS,
};

/* An active thin device of an engine's, as heal sees it. */
struct risk_device {
	uint32_t thin_id;
	enum heal_result healing; /* what heal would do now */
	uint64_t want_sectors;	  /* how long it must be, by superblock and ledger; 0: not known */
	bool intended;		  /* a growth of it is not finished */
};

struct risk_facts {
	const struct inventory *disk;
	const struct risk_device *device; /* NULL: it is not active */
	const struct ledger_entry *entry; /* of a device of that name, or NULL */
	bool healed;			  /* it will be: disk/healing.h */
};

/* Asks heal about the device @thin, and changes nothing. */
void risk_look(const struct thin_device *thin, const struct policy *policy, const char *run_dir,
	       const char *ledger_dir, struct risk_device *ret);

struct risk_verdict {
	enum risk risk;	       /* the worst */
	bool grown;	       /* it must be longer than its engine will make it... */
	bool unhealed;	       /* ...and nothing will extend it then */
	uint64_t needed_bytes; /* how long it must be, as far as is known */
};

/*
 * Pure. No risk but of devices that an engine re-creates and whose size it does not know: others
 * have other names, and a pod's container gets a new disk after a reboot, never its old one.
 */
struct risk_verdict risk_judge(const struct risk_facts *facts);
