/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What makes a grown device long enough again at all: a systemd-udevd that runs, and our rule where
 * it reads rules (udev(7), "Rules files"). disk/healing.h asks both.
 */

#include "base/paths.h"

#include <sys/types.h>

#define UDEV_CONTROL "/run/udev/control"

/* Does somebody answer there (UDEV_CONTROL but in tests)? 0 or -errno. */
int udevd_check(const char *control);

#define RULE_NAME "94-oci-thin-grow.rules"
#define RULE_HOME UDEV_RULES_DIR "/" RULE_NAME /* where it is installed */
#define RULE_COPY SHARE_DIR "/" RULE_NAME      /* a copy, to repair it from */

enum rule_file_state {
	RULE_FILE_GOOD,
	RULE_FILE_MISSING,
	RULE_FILE_MASKED, /* empty, or a link to /dev/null: the way to switch a rule off */
	RULE_FILE_OTHER,  /* it does not run `heal` of the program at PROGRAM_PATH */
};

struct rule_file {
	enum rule_file_state state;
	char *path; /* of the one that counts, to be freed; NULL: there is none */
};

/* Of several the first directory's counts. @root is "" but in tests. 0 or -errno. */
int rule_file_find(const char *root, struct rule_file *ret);
