/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The configuration (policy/config.h) as commands load it, and the switch that disables us. */

#include "base/why.h"
#include "disk/grow.h"
#include "disk/heal.h"
#include "policy/config.h"
#include "policy/policy.h"

#define SWITCH_NAME "disabled" /* in RUN_DIR */

/*
 * For an operator's command: EXIT_OK, or EXIT_USAGE after a line on stderr for each error. Only
 * @file is read if it is not NULL (--config). Free *ret with config_free() in every case.
 */
int settings_load(const char *command, const char *file, struct policy *ret);

/*
 * For hook, wrappers, heal, and commands that only look, which continue with a broken one:
 * ret->broken is its first error. Free *ret with config_free().
 */
void settings_load_anyway(const char *file, struct policy *ret);

/*
 * Are hook, wrappers and daemon switched off? With the reason. @run_dir is RUN_DIR, except in
 * tests.
 */
bool settings_switched_off(const struct policy *policy, const char *run_dir, struct why *why);

/* Does the daemon run, so that it finishes what is put off, and is it not switched off? */
bool settings_has_daemon(const struct policy *policy, const char *run_dir);

/* An order with everything that @policy sets; the caller adds the size. */
struct grow_order settings_order(const struct policy *policy);

/* The same for a growth that nobody waits for: the pool must keep more room for others. */
struct grow_order settings_autogrow_order(const struct policy *policy);

/* Of the pool's data, in percent: the mark of settings_autogrow_order(). */
unsigned int settings_autogrow_mark(const struct policy *policy);

/* The same for healing. Superblocks are believed as job/superblock-trust.h says. */
struct heal_order settings_heal_order(const struct policy *policy);
