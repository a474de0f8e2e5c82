/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All that is in the ledger's directory, as whoever looks after it wants to see it. */

#include "disk/ledger-entry.h"

#include <sys/types.h>

struct ledger_file {
	const char *name; /* whatever somebody called it */
	ino_t inode;
	enum {
		LEDGER_FILE_SOUND,
		LEDGER_FILE_DAMAGED,
		LEDGER_FILE_OPEN_TO_OTHERS, /* another user's, or writable by others: not believed
					     */
		LEDGER_FILE_LEFTOVER,	    /* of a writer that is no more */
	} state;
	struct ledger_entry entry; /* of a sound one */
	struct why why;		   /* why it is not sound */
};

/*
 * Calls @visit for each file in @dir (LEDGER_DIR but in tests), but those that a writer is just
 * making. 0, also if there is no directory; -EPERM: the directory is another user's, or writable by
 * others; -ENOTDIR: it is no directory; -errno; with a reason.
 */
int ledger_files(const char *dir, void (*visit)(const struct ledger_file *file, void *context),
		 void *context, struct why *why);
