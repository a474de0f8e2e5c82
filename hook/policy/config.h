/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The configuration: CONFIG_FILE, then CONFIG_DROP_INS/NAME.json in the order of strcmp(). JSON
 * with comments. What a later file says counts, key by key; its rules come behind those that are
 * there already. No file: the defaults.
 *
 * A file counts only if it is regular, root's (or ours) and writable by nobody else, and so must be
 * the directory that it is in. It may be a symbolic link, as in a mounted ConfigMap or from
 * /etc/alternatives: the directory was root's, so the link is, and what it leads to is checked. One
 * that leads nowhere is an error: what it would have said may be less than the defaults.
 */

#include "base/paths.h"
#include "base/why.h"
#include "policy/config-reader.h"
#include "policy/policy.h"

#define CONFIG_FILE	 "config.json"
#define CONFIG_DROP_INS	 "config.d"
#define CONFIG_MAX_BYTES (1024UL * 1024)

/*
 * Reads what is below @dir (CONFIG_DIR but in tests) or, if @file is not NULL, only that, which
 * must be there. 0; -EINVAL: every error was reported, *ret is the built-in policy, but for the
 * runtime that the files name as far as they could be read, with the first error in ret->broken.
 * Free *ret in any case.
 */
int config_load(const char *dir, const char *file, const struct config_listener *listener,
		struct policy *ret);
void config_free(struct policy *policy);

/* Where the value of the key @path ("pool_guard.data_percent") came from. */
struct config_origin config_origin(const struct policy *policy, const char *path);
