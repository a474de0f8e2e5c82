/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The durable record of how long each device that we grew must be: one small file a device in
 * LEDGER_DIR, named as the device. Engines forget an outside grow; after a power cut the superblock
 * of XFS does not know of it either.
 *
 * An entry names device, pool, thin id and filesystem UUID: ledger_matches() tells whose it is.
 */

#include "disk/ledger-entry.h"

#define LEDGER_DIR "/var/lib/oci-thin-grow/ledger"

/*
 * The entry of @device in @dir (LEDGER_DIR but in tests). 1 and *ret; 0: there is none (nor a
 * directory); -EINVAL: damaged, or of another device; -errno; the last two with a reason that names
 * the file.
 */
int ledger_read(const char *dir, const char *device, struct ledger_entry *ret, struct why *why);

/*
 * Makes the entry durable: a temporary file, fsync, rename, fsync of the directory. Makes the
 * directory (0700) if it is missing. 0; -errno with a reason that names the file; then the old
 * entry stands, or (if the directory's fsync failed) either of the two.
 */
int ledger_write(const char *dir, const struct ledger_entry *entry, struct why *why);

/*
 * Removes each sound entry for which @is_gone says so, and leftovers of killed writers with it.
 * Nobody writes to the ledger while @is_gone is asked. How many were removed, or -errno with a
 * reason.
 */
int ledger_prune(const char *dir, bool (*is_gone)(const struct ledger_entry *entry, void *context),
		 void *context, struct why *why);

/* Calls @visit for each sound entry; those that are not are passed over (ledger-files.h tells of
 * them). 0 or -errno with a reason. */
int ledger_each(const char *dir, void (*visit)(const struct ledger_entry *entry, void *context),
		void *context, struct why *why);

/* The running kernel's boot id. 0 or -errno. */
int ledger_boot_id(char ret[37]);
