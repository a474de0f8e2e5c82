/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One entry of the ledger (disk/ledger.h), and its text: `key=value` lines, of which the last is
 * the CRC-32C of the lines above it. Pure.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

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

/* @text has @len bytes of which none can be trusted. 0; -EINVAL with what is wrong. */
int ledger_parse(const char *text, size_t len, struct ledger_entry *ret, struct why *why);

/*
 * Writes the entry's text to @out (LEDGER_MAX_BYTES). Its length; -EINVAL: a name, length, state or
 * boot id that no entry can have.
 */
int ledger_format(const struct ledger_entry *entry, char *out);

/*
 * Is @entry about this very device and filesystem? Names and ids are used again, and snapshots
 * share the UUID: all must match. Where no UUID can be read (@fs_uuid is NULL) the others suffice:
 * a device that is too long does no harm.
 */
bool ledger_matches(const struct ledger_entry *entry, const char *device, const char *pool,
		    uint32_t thin_id, const uint8_t *fs_uuid);

/* Can an entry be of a device, or a file of the ledger, with this name? */
bool ledger_name_is_valid(const char *name);
bool ledger_boot_id_is_valid(const char *boot_id);
