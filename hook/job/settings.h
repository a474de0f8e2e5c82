/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the roles get the configuration from (policy/config.h), and the switch that turns us off.
 */

#include "base/why.h"
#include "disk/grow.h"
#include "policy/config.h"
#include "policy/policy.h"

#define SWITCH_NAME "disabled" /* in RUN_DIR */

/*
 * For an operator's command: EXIT_OK, or EXIT_USAGE after a line on stderr for each error. Only
 * @file is read if it is not NULL (--config). Free *ret with config_free() in any case.
 */
int settings_load(const char *command, const char *file, struct policy *ret);

/*
 * For hook, wrapper and heal, which go on with a broken one: ret->broken says so. Free *ret with
 * config_free().
 */
void settings_load_anyway(const char *file, struct policy *ret);

/* Does hook or wrapper have to leave everything as it is? With the reason. @run_dir is RUN_DIR but
 * in tests. */
bool settings_switched_off(const struct policy *policy, const char *run_dir, struct why *why);

/* What policy says about every growth; the size is the caller's. */
struct grow_order settings_order(const struct policy *policy);
