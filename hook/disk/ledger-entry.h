/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One entry of the ledger (disk/ledger.h) and its text: `key=value` lines in a fixed order; the
 * last line is the CRC-32C of the lines above it. Pure.
 *
 * Lines from `source` on are written only if their value is known. An entry written before these
 * lines existed is therefore sound, and their values read as "not known". A later line is added in
 * the same way. An unknown line makes an entry unsound: it may matter for healing the device.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_MAX_BYTES      4096
#define LEDGER_MAX_NAME_BYTES 128 /* DM_NAME_LEN */
#define LEDGER_SOURCE_BYTES   128

enum ledger_state {
	LEDGER_INTENDED, /* on disk before the device is touched */
	LEDGER_DONE,	 /* device and filesystem were grown, and that is on disk */
};

struct ledger_entry {
	char device[LEDGER_MAX_NAME_BYTES]; /* device-mapper names, without control characters and
					       '/' */
	char pool[LEDGER_MAX_NAME_BYTES];
	uint32_t thin_id;
	uint8_t fs_uuid[16];
	uint64_t sectors; /* how long the device must be */
	enum ledger_state state;
	char boot_id[37];     /* /proc/sys/kernel/random/boot_id when it was intended */
	uint32_t mount_count; /* ext4's s_mnt_count at that time; else 0 */
	/* Only shown to people; "" or 0: not known. */
	char source[LEDGER_SOURCE_BYTES]; /* who grew it last, in the form of request_source() */
	uint64_t time;		/* when, in seconds since 1970; the clock may have been wrong */
	uint64_t first_sectors; /* its length before the first growth: the engine's */
	/*
	 * It was given to a virtual machine (disk/vm-mark.h), whose guest may have written anything
	 * to it. Such a device is never mounted by us, and its superblock is never believed.
	 */
	bool in_vm;
	/*
	 * Only with LEDGER_INTENDED: the growth paused with the filesystem at this size, and no
	 * call that grows it has been made since. 0: one may have been made, and cut short.
	 */
	uint64_t paused_sectors;
};

/* Parses @len bytes of untrusted @text. 0; -EINVAL with what is wrong. */
int ledger_parse(const char *text, size_t len, struct ledger_entry *ret, struct why *why);

/*
 * Writes the entry's text to @out (LEDGER_MAX_BYTES). Returns its length; -EINVAL: a name, length,
 * state or boot id is not valid.
 */
int ledger_format(const struct ledger_entry *entry, char *out);

/*
 * Does @entry belong to this very device and filesystem? Names and ids are reused, and snapshots
 * share the UUID, so all must match. If no UUID can be read (@fs_uuid is NULL), the others suffice:
 * a device that is too long does no harm. They also suffice for a device that was given to a
 * virtual machine, as its guest can write another UUID.
 */
bool ledger_matches(const struct ledger_entry *entry, const char *device, const char *pool,
		    uint32_t thin_id, const uint8_t *fs_uuid);

/* Is this a valid name for a device in an entry, and for a file of the ledger? */
bool ledger_name_is_valid(const char *name);
bool ledger_boot_id_is_valid(const char *boot_id);

/*
 * Sets the source: @source truncated to fit, with '?' for everything that is not printable ASCII.
 */
void ledger_set_source(struct ledger_entry *entry, const char *source);
