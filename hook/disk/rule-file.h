/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The host's part of healing: a systemd-udevd that runs, and our rule in a directory that udev
 * reads (udev(7), "Rules files"). disk/healing.h uses both.
 */

#include "base/paths.h"

#include <sys/types.h>

#define UDEV_CONTROL "/run/udev/control"

/* Does udevd answer at @control (UDEV_CONTROL, except in tests)? 0 or -errno. */
int udevd_check(const char *control);

#define RULE_NAME "94-oci-thin-grow.rules"
#define RULE_HOME UDEV_RULES_DIR "/" RULE_NAME /* where it is installed */
#define RULE_COPY SHARE_DIR "/" RULE_NAME      /* a copy to restore it from */

enum rule_file_state {
	RULE_FILE_GOOD,
	RULE_FILE_MISSING,
	RULE_FILE_MASKED, /* empty, or a link to /dev/null: the way to switch a rule off */
	RULE_FILE_OTHER,  /* does not run `heal` of the program at PROGRAM_PATH */
};

struct rule_file {
	enum rule_file_state state;
	char *path; /* the rule that takes effect, to be freed; NULL: none */
};

/*
 * If several directories have the rule, the first takes effect. @root is "", except in tests. 0 or
 * -errno.
 */
int rule_file_find(const char *root, struct rule_file *ret);
