/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Loads the configuration: CONFIG_FILE, then CONFIG_DROP_INS/NAME.json in the order of strcmp().
 * JSON with comments. For each key the last file that sets it wins; rules are appended. No file:
 * the defaults.
 *
 * A file, and the directory that it is in, must be owned by root (or us) and writable by nobody
 * else; the file must be regular. It may be a symbolic link, as in a mounted ConfigMap or from
 * /etc/alternatives: the link is root's because the directory is, and the target is checked. A
 * dangling link is an error: the missing file may have been stricter than the defaults.
 */

#include "base/paths.h"
#include "base/why.h"
#include "policy/config-reader.h"
#include "policy/policy.h"

#define CONFIG_FILE	 "config.json"
#define CONFIG_DROP_INS	 "config.d"
#define CONFIG_MAX_BYTES (1024UL * 1024)

/*
 * Reads the files below @dir (CONFIG_DIR, except in tests) or, if @file is not NULL, only @file
 * (/dev/null: nothing), which must exist. 0; -EINVAL: every error was reported, and *ret is the
 * built-in policy, except for the runtime that the files name as far as they could be read;
 * ret->broken is the first error. Free *ret in every case.
 */
int config_load(const char *dir, const char *file, const struct config_listener *listener,
		struct policy *ret);
void config_free(struct policy *policy);

/* Where the value of the key @path ("pool_guard.data_percent") came from. */
struct config_origin config_origin(const struct policy *policy, const char *path);
