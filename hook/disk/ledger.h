/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The durable record of how long each device that we grew must be: one small file per device in
 * LEDGER_DIR, named after the device. It is needed because engines do not notice that a device was
 * grown, and because after a power cut XFS's superblock may have the old size, too.
 *
 * An entry names device, pool, thin id and filesystem UUID; ledger_matches() compares them.
 */

#include "disk/ledger-entry.h"

#define LEDGER_DIR "/var/lib/oci-thin-grow/ledger"

/*
 * Reads the entry of @device in @dir (LEDGER_DIR, except in tests). 1 and *ret; 0: no entry, or no
 * directory; -EINVAL: damaged, or for another device; -errno; the last two with a reason that names
 * the file.
 */
int ledger_read(const char *dir, const char *device, struct ledger_entry *ret, struct why *why);

/*
 * Writes the entry durably: temporary file, fsync, rename, fsync of the directory. Creates the
 * directory (0700) if it is missing. 0; -errno with a reason that names the file; the old entry is
 * then still there, or (if the fsync of the directory failed) one of the two.
 */
int ledger_write(const char *dir, const struct ledger_entry *entry, struct why *why);

/*
 * Removes each sound entry for which @is_gone returns true, and temporary files of killed writers.
 * Holds off all writers to the ledger meanwhile. Returns how many were removed, or -errno with a
 * reason.
 */
int ledger_prune(const char *dir, bool (*is_gone)(const struct ledger_entry *entry, void *context),
		 void *context, struct why *why);

/*
 * Calls @visit for each sound entry and skips the others (ledger_files() reports those). 0 or
 * -errno with a reason.
 */
int ledger_each(const char *dir, void (*visit)(const struct ledger_entry *entry, void *context),
		void *context, struct why *why);

/*
 * Did a crash cut the growth short, so that it may need an operator (see disk/intent.c)? True if it
 * was intended in an earlier boot, or this boot's id cannot be read, and it did not pause.
 */
bool ledger_is_cut_short(const struct ledger_entry *entry);

/* The running kernel's boot id. 0 or -errno. */
int ledger_boot_id(char ret[37]);
