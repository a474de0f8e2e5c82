/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the ledger says about earlier growths of a device in use, and what a growth writes there:
 * its intent before anything is touched, and how it ended. The order and the report are those of
 * grow_rootfs(); the device's lock is held for everything that writes.
 */

#include "disk/grow.h"
#include "disk/ledger-entry.h"

/* May its filesystem grow now, after what became of the last growth? 0; -EBUSY with a reason. */
int intent_check_last(const struct grow_order *order, struct grow_report *report, struct why *why);

/*
 * Pure: have the device and filesystem in @report what @entry intends? A later run may want less.
 */
bool intent_is_reached(const struct ledger_entry *entry, const struct grow_report *report);

/*
 * Is there an intent that is reached: could the run that grew device and filesystem not settle the
 * filesystem or mark the entry done? False also while intent_check_last() refuses.
 */
bool intent_is_unfinished(const struct grow_order *order, struct grow_report *report);

/* Does the ledger have what order->fs_limit_bytes puts off, so that nothing is to be done now? */
bool intent_is_put_off(const struct grow_order *order, struct grow_report *report);

/*
 * Writes the intent: the length that this device needs from now on. 0 and what was written; -errno
 * with a reason.
 */
int intent_note(const struct grow_order *order, struct grow_report *report,
		struct ledger_entry *ret, struct why *why);

/*
 * Writes that the growth goes on later: each call that grows the filesystem has returned, so that a
 * crash from now on leaves nothing for a journal to finish. A failure is only a warning in @report.
 */
void intent_pause(const struct grow_order *order, struct grow_report *report,
		  struct ledger_entry *entry);

/* Writes that the growth is done. The same. */
void intent_done(const struct grow_order *order, struct grow_report *report,
		 struct ledger_entry *entry);
