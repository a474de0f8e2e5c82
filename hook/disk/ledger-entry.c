/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/ledger-entry.h"

#include "base/crc32c.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE	"oci-thin-grow ledger 1\n"
#define LAST_LINE_BYTES (sizeof("crc32c=00000000\n") - 1)
#define UUID_TEXT_BYTES 37
#define MAX_SECTORS	(UINT64_C(1) << 54) /* 8 EiB */

static const char *const state_names[] = {
	[LEDGER_INTENDED] = "intended",
	[LEDGER_DONE] = "done",
};

/* A leading dot marks temporary files; refusing it also excludes "." and "..". */
bool ledger_name_is_valid(const char *name)
{
	size_t len = strnlen(name, LEDGER_MAX_NAME_BYTES);

	if (len == 0 || len == LEDGER_MAX_NAME_BYTES || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < ' ' || c == 0x7f || c == '/')
			return false;
	}
	return true;
}

static bool parse_hex(char c, uint8_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = memchr(digits, c, sizeof(digits) - 1);

	if (digit)
		*ret = (uint8_t)(digit - digits);
	return digit;
}

static bool parse_uuid(const char *text, uint8_t ret[16])
{
	for (int i = 0; i < 16; i++, text += 2) {
		uint8_t high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		if (!parse_hex(text[0], &high) || !parse_hex(text[1], &low))
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return !*text;
}

bool ledger_boot_id_is_valid(const char *boot_id)
{
	uint8_t bytes[16];

	return parse_uuid(boot_id, bytes);
}

static void format_uuid(const uint8_t uuid[16], char out[UUID_TEXT_BYTES])
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += snprintf(out, 3, "%02x", uuid[i]);
	}
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

void ledger_set_source(struct ledger_entry *entry, const char *source)
{
	snprintf(entry->source, sizeof(entry->source), "%s", source);
	for (char *c = entry->source; *c; c++) {
		if (!is_printable(*c))
			*c = '?';
	}
}

static bool source_is_valid(const char *source)
{
	size_t len = strnlen(source, LEDGER_SOURCE_BYTES);

	for (size_t i = 0; i < len; i++) {
		if (!is_printable(source[i]))
			return false;
	}
	return len < LEDGER_SOURCE_BYTES;
}

static bool is_valid(const struct ledger_entry *entry)
{
	return ledger_name_is_valid(entry->device) && ledger_name_is_valid(entry->pool) &&
	       entry->sectors > 0 && entry->sectors <= MAX_SECTORS &&
	       (entry->state == LEDGER_INTENDED || entry->state == LEDGER_DONE) &&
	       ledger_boot_id_is_valid(entry->boot_id) && source_is_valid(entry->source) &&
	       entry->first_sectors <= MAX_SECTORS && entry->paused_sectors <= MAX_SECTORS &&
	       (entry->state == LEDGER_INTENDED || !entry->paused_sectors);
}

/* Appends the optional lines. Returns their length. */
static int format_notes(const struct ledger_entry *entry, char *out, size_t size)
{
	int len = 0;

	if (*entry->source)
		len += snprintf(out + len, size - (size_t)len, "source=%s\n", entry->source);
	if (entry->time)
		len += snprintf(out + len, size - (size_t)len, "time=%" PRIu64 "\n", entry->time);
	if (entry->first_sectors)
		len += snprintf(out + len, size - (size_t)len, "first_sectors=%" PRIu64 "\n",
				entry->first_sectors);
	if (entry->in_vm)
		len += snprintf(out + len, size - (size_t)len, "vm=1\n");
	if (entry->paused_sectors)
		len += snprintf(out + len, size - (size_t)len, "paused_sectors=%" PRIu64 "\n",
				entry->paused_sectors);
	return len;
}

static void format_last_line(const char *text, size_t len, char out[LAST_LINE_BYTES + 1])
{
	snprintf(out, LAST_LINE_BYTES + 1, "crc32c=%08" PRIx32 "\n", crc32c(0, text, len));
}

int ledger_format(const struct ledger_entry *entry, char *out)
{
	char uuid[UUID_TEXT_BYTES], last[LAST_LINE_BYTES + 1];
	int len;

	if (!is_valid(entry))
		return -EINVAL;
	format_uuid(entry->fs_uuid, uuid);
	len = snprintf(out, LEDGER_MAX_BYTES,
		       FIRST_LINE "device=%s\npool=%s\nthin_id=%" PRIu32 "\nfs_uuid=%s\n"
				  "sectors=%" PRIu64 "\nstate=%s\nboot_id=%s\n"
				  "mount_count=%" PRIu32 "\n",
		       entry->device, entry->pool, entry->thin_id, uuid, entry->sectors,
		       state_names[entry->state], entry->boot_id, entry->mount_count);
	len += format_notes(entry, out + len, LEDGER_MAX_BYTES - (size_t)len);
	format_last_line(out, (size_t)len, last);
	memcpy(out + len, last, sizeof(last));
	return len + (int)LAST_LINE_BYTES;
}

/* The optional lines. */
static void scan_notes(const char *text, struct ledger_entry *ret)
{
	unsigned int in_vm = 0;
	int len = 0;

	sscanf(text, "source=%127[^\n]\n%n", ret->source, &len);
	text += len;
	len = 0;
	sscanf(text, "time=%19" SCNu64 "\n%n", &ret->time, &len);
	text += len;
	len = 0;
	sscanf(text, "first_sectors=%17" SCNu64 "\n%n", &ret->first_sectors, &len);
	text += len;
	len = 0;
	sscanf(text, "vm=%1u\n%n", &in_vm, &len);
	ret->in_vm = in_vm;
	sscanf(text + len, "paused_sectors=%17" SCNu64, &ret->paused_sectors);
}

/*
 * Reads the fields without checking them: the format below catches everything else. Buffers are
 * large enough for each.
 */
static bool scan_lines(const char *text, struct ledger_entry *ret)
{
	char uuid[UUID_TEXT_BYTES], state[sizeof("intended")];
	uint64_t thin_id, mount_count;
	int len = 0;

	if (sscanf(text,
		   FIRST_LINE "device=%127[^\n]\npool=%127[^\n]\nthin_id=%10" SCNu64
			      "\nfs_uuid=%36s\nsectors=%17" SCNu64 "\nstate=%8s\nboot_id=%36s\n"
			      "mount_count=%10" SCNu64 "\n%n",
		   ret->device, ret->pool, &thin_id, uuid, &ret->sectors, state, ret->boot_id,
		   &mount_count, &len) != 8)
		return false;
	scan_notes(text + len, ret);
	ret->thin_id = (uint32_t)thin_id;
	ret->mount_count = (uint32_t)mount_count;
	ret->state = strcmp(state, state_names[LEDGER_DONE]) == 0 ? LEDGER_DONE : LEDGER_INTENDED;
	return parse_uuid(uuid, ret->fs_uuid);
}

int ledger_parse(const char *text, size_t len, struct ledger_entry *ret, struct why *why)
{
	char copy[LEDGER_MAX_BYTES + 1] = "", last[LAST_LINE_BYTES + 1];
	struct ledger_entry entry = {0};

	if (len < LAST_LINE_BYTES || len > LEDGER_MAX_BYTES)
		return why_set(why, EINVAL, "damaged: wrong size (%zu bytes)", len);
	memcpy(copy, text, len);
	format_last_line(copy, len - LAST_LINE_BYTES, last);
	if (strcmp(copy + len - LAST_LINE_BYTES, last) != 0)
		return why_set(why, EINVAL, "damaged: its checksum is wrong");
	if (strncmp(copy, FIRST_LINE, sizeof(FIRST_LINE) - 1) != 0)
		return why_set(why, EINVAL, "not of this version: wrong first line");
	/* The text must be exactly what we would write ourselves. */
	if (!scan_lines(copy, &entry) || ledger_format(&entry, copy) != (int)len ||
	    memcmp(copy, text, len) != 0)
		return why_set(why, EINVAL, "damaged: not in the format of an entry");
	*ret = entry;
	return 0;
}

bool ledger_matches(const struct ledger_entry *entry, const char *device, const char *pool,
		    uint32_t thin_id, const uint8_t *fs_uuid)
{
	return strcmp(entry->device, device) == 0 && strcmp(entry->pool, pool) == 0 &&
	       entry->thin_id == thin_id &&
	       (!fs_uuid || entry->in_vm || memcmp(entry->fs_uuid, fs_uuid, 16) == 0);
}
