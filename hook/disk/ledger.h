/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The durable record of how long each device that we grew must be: one small file a device in
 * LEDGER_DIR, named as the device. Engines forget an outside grow; after a power cut the superblock
 * of XFS does not know of it either.
 *
 * An entry names device, pool, thin id and filesystem UUID, and counts only where all four match:
 * names and ids are used again, and snapshots share the UUID. It is text, `key=value` lines, and
 * its last line is the CRC-32C of the lines above it.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_DIR	      "/var/lib/oci-thin-grow/ledger"
#define LEDGER_MAX_BYTES      4096
#define LEDGER_MAX_NAME_BYTES 128 /* DM_NAME_LEN */

enum ledger_state {
	LEDGER_INTENDED, /* durable before the device is touched */
	LEDGER_DONE,	 /* all of it was done, and is on disk */
};

struct ledger_entry {
	char device[LEDGER_MAX_NAME_BYTES]; /* dm names; never with a control character or '/' */
	char pool[LEDGER_MAX_NAME_BYTES];
	uint32_t thin_id;
	uint8_t fs_uuid[16];
	uint64_t sectors; /* how long the device must be */
	enum ledger_state state;
	char boot_id[37];     /* /proc/sys/kernel/random/boot_id when it was intended */
	uint32_t mount_count; /* ext4's s_mnt_count then; else 0 */
};

/* Pure: @text has @len bytes of which none can be trusted. 0; -EINVAL with what is wrong. */
int ledger_parse(const char *text, size_t len, struct ledger_entry *ret, struct why *why);

/* Pure: writes the entry's text to @out (LEDGER_MAX_BYTES). Its length; -EINVAL: a bad name. */
int ledger_format(const struct ledger_entry *entry, char *out);

/*
 * The entry of @device in @dir (LEDGER_DIR but in tests). 1 and *ret; 0: there is none (nor a
 * folder); -EINVAL: damaged, or of another device; -errno; the last two with a reason that names
 * the file.
 */
int ledger_read(const char *dir, const char *device, struct ledger_entry *ret, struct why *why);

/*
 * Makes the entry durable: a temporary file, fsync, rename, fsync of the folder. Makes the folder
 * (0700) if it is missing. 0; -errno with a reason that names the file; then the old entry stands.
 */
int ledger_write(const char *dir, const struct ledger_entry *entry, struct why *why);

/* Removes the entry of @device, if there is one, and leftovers of killed writers. 0 or -errno. */
int ledger_remove(const char *dir, const char *device);

/* Calls @visit with the name of each entry until it returns non-zero, which is then returned. */
int ledger_each(const char *dir, int (*visit)(const char *device, void *context), void *context);

/* Is @entry about this very device and filesystem? */
bool ledger_matches(const struct ledger_entry *entry, const char *device, const char *pool,
		    uint32_t thin_id, const uint8_t fs_uuid[16]);

/* The running kernel's boot id. 0 or -errno. */
int ledger_boot_id(char ret[37]);
