/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lists every file in the ledger's directory, sound or not, for doctor and prune. */

#include "disk/ledger-entry.h"

#include <sys/types.h>

struct ledger_file {
	const char *name; /* any file name; not trusted */
	ino_t inode;
	enum {
		LEDGER_FILE_SOUND,
		LEDGER_FILE_DAMAGED,
		LEDGER_FILE_OPEN_TO_OTHERS, /* another user owns it or may write it: ignored */
		LEDGER_FILE_LEFTOVER,	    /* temporary file of a writer that has died */
	} state;
	struct ledger_entry entry; /* if it is sound */
	struct why why;		   /* if it is not: why */
};

/*
 * Calls @visit for each file in @dir (LEDGER_DIR, except in tests), but not for the temporary files
 * of running writers. 0, also if @dir does not exist; -EPERM: another user owns the directory or
 * may write to it; -ENOTDIR: it is not a directory; -errno; with a reason.
 */
int ledger_files(const char *dir, void (*visit)(const struct ledger_file *file, void *context),
		 void *context, struct why *why);
