/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The configuration in effect: the last one that was sound, if there was one. */

#include "base/why.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

struct live_policy {
	const char *file;     /* --config, or NULL */
	struct policy policy; /* broken only if none has been sound yet */
	uint64_t signature;   /* of the files that were read, sound or not */
};

/*
 * The first time: until a configuration is sound, @policy.broken says what is wrong with it, and
 * nothing may grow. 0, or -EINVAL with the first error.
 */
int reload_first(struct live_policy *live, const char *file, struct why *why);

/* Has a file been changed, added or removed since the last time? */
bool reload_is_due(const struct live_policy *live);

/* Reads the files again. 0, or -EINVAL with the first error: the last sound one stays in effect. */
int reload(struct live_policy *live, struct why *why);

/* As settings_switched_off(); also as long as no configuration has been sound. */
bool reload_switched_off(const struct live_policy *live, const char *run_dir, struct why *why);

void reload_free(struct live_policy *live);
