/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The mount table of a process. Format: proc_pid_mountinfo(5). */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MOUNTINFO_MAX_BYTES (64UL * 1024 * 1024)

struct mountinfo {
	int id;
	dev_t dev;
	const char *root, *path, *type, *source; /* without the kernel's escapes */
};

/*
 * The mount that the next line of *@text describes. Changes the text and moves *@text behind the
 * line; *@ret points into it. Lines that are not understood are skipped. False: there is no more.
 */
bool mountinfo_next(char **text, struct mountinfo *ret);
