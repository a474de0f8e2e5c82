/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One entry of the ledger (disk/ledger.h), and its text: `key=value` lines in a fixed order, of
 * which the last is the CRC-32C of the lines above it. Pure.
 *
 * The lines from `source` on are there only where something is known. So an entry from before they
 * were introduced is still sound, and reads as "not known"; and a mark that is introduced later (a
 * device that was given to a virtual machine) is one more such line, absent where it is not set.
 * An unknown line makes an entry unsound: what it says may be needed to heal the device.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_MAX_BYTES      4096
#define LEDGER_MAX_NAME_BYTES 128 /* DM_NAME_LEN */
#define LEDGER_SOURCE_BYTES   128

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
	/* For people; "" or 0: not known. */
	char source[LEDGER_SOURCE_BYTES]; /* who grew it last, as in request_source() */
	uint64_t time;		/* when: seconds since 1970 by a clock that may be wrong */
	uint64_t first_sectors; /* its length before it was grown first: its engine's */
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

/* Takes @source, cut to what fits, with '?' for what is not printable ASCII. */
void ledger_set_source(struct ledger_entry *entry, const char *source);
