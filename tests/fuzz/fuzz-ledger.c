/* SPDX-License-Identifier: Apache-2.0 */

/* ledger_parse(): each input as it is, and with a matching checksum. */
#include "fuzz.h"

#include "base/crc32c.h"
#include "disk/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LAST_LINE_BYTES (sizeof("crc32c=00000000\n") - 1)

static void try_text(const char *text, size_t len)
{
	struct why why = {.text = ""};
	char again[LEDGER_MAX_BYTES];
	struct ledger_entry entry;

	if (ledger_parse(text, len, &entry, &why) < 0) {
		size_t reason_len = strnlen(why.text, sizeof(why.text));

		require(reason_len > 0 && reason_len < sizeof(why.text));
		return;
	}
	/* An entry can be written in one way only. */
	require(ledger_format(&entry, again) == (int)len && memcmp(again, text, len) == 0);
	require(entry.sectors > 0 && entry.sectors <= UINT64_C(1) << 54);
	require(!strchr(entry.device, '/') && !strchr(entry.pool, '/'));
	require(strnlen(entry.boot_id, sizeof(entry.boot_id)) == sizeof(entry.boot_id) - 1);
	require(ledger_matches(&entry, entry.device, entry.pool, entry.thin_id, entry.fs_uuid));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	char last[LAST_LINE_BYTES + 1], *text;

	try_text((const char *)input, len);
	if (len < LAST_LINE_BYTES)
		return 0;
	text = malloc(len);
	require(text != NULL);
	memcpy(text, input, len);
	snprintf(last, sizeof(last), "crc32c=%08" PRIx32 "\n",
		 crc32c(0, text, len - LAST_LINE_BYTES));
	memcpy(text + len - LAST_LINE_BYTES, last, LAST_LINE_BYTES);
	try_text(text, len);
	free(text);
	return 0;
}
