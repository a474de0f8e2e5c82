/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The configuration: CONFIG_FILE, then CONFIG_DROP_INS/NAME.json in the order of strcmp(). JSON
 * with comments. What a later file says counts, key by key; its rules come behind those that are
 * there already. No file: the defaults.
 *
 * A file counts only if it is regular, root's (or ours) and writable by nobody else, and so must be
 * the folder that it is in. It may be a symbolic link, as in a mounted ConfigMap or from
 * /etc/alternatives: the folder was root's, so the link is, and what it leads to is checked. One
 * that leads nowhere is an error: what it would have said may be less than the defaults.
 */

#include "base/why.h"
#include "policy/policy.h"

#define CONFIG_DIR	 "/etc/oci-thin-grow"
#define CONFIG_FILE	 "config.json"
#define CONFIG_DROP_INS	 "config.d"
#define CONFIG_MAX_BYTES (1024UL * 1024)

struct config_listener {
	void (*tell)(const struct why *why, void *context); /* may be NULL */
	void *context;
};

/*
 * Reads what is below @dir (CONFIG_DIR but in tests) or, if @file is not NULL, only that, which
 * must be there. 0; -EINVAL: all that is wrong was told, *ret is the built-in policy with the first
 * of it in ret->broken, and with the runtime that can be made out. Free *ret in any case.
 */
int config_load(const char *dir, const char *file, const struct config_listener *listener,
		struct policy *ret);
void config_free(struct policy *policy);

/* What is no error, but cannot be meant: a rule that can never match, a runtime that is missing.
 * How many. */
unsigned int config_warn(const struct policy *policy, const struct config_listener *listener);

/* Where a value came from. */
enum config_key {
	CONFIG_ENABLED,
	CONFIG_KEYS,
	CONFIG_LABELS,
	CONFIG_DEFAULT_SIZE,
	CONFIG_MAX_SIZE,
	CONFIG_POOLS,
	CONFIG_ON_EXCEED,
	CONFIG_ON_FAILURE_REQUEST,
	CONFIG_ON_FAILURE_DEFAULT,
	CONFIG_ON_FAILURE_NOT_APPLICABLE,
	CONFIG_DATA_PERCENT,
	CONFIG_METADATA_PERCENT,
	CONFIG_OVERCOMMIT,
	CONFIG_TIMEOUT,
	CONFIG_RUNTIME,
	CONFIG_DATA_ROOTS,
	CONFIG_KEY_COUNT
};

struct config_origin {
	const char *file; /* NULL: it is the default */
	unsigned int line;
};

struct config_origin config_origin(const struct policy *policy, enum config_key key);

/* Words for the enums, in the order of their values; they end with NULL. */
extern const char *const config_on_failure_words[], *const config_on_exceed_words[],
							    *const config_rule_request_words[];

struct config_memory {
	struct config_chunk *chunks;
	struct config_origin origins[CONFIG_KEY_COUNT];
};
