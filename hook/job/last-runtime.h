/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The runtime that the last sound configuration named: a container must be operated with the
 * runtime that made it, also while the configuration is broken. A symbolic link, "runtime" in
 * STATE_DIR, whose target is the runtime's path. It is believed only in a directory that belongs to
 * root or us and that nobody else can write to.
 */

#include "policy/policy.h"

#define STATE_DIR "/var/lib/oci-thin-grow"

/* 0 and the path, which the caller frees; -ENOENT: none is remembered; -errno. */
int last_runtime_read(const char *state_dir, char **ret);

/*
 * Remembers @runtime, durably; writes only if another one, or none, is remembered. One that cannot
 * be executed is a mistake, and is not remembered. 0 or -errno.
 */
int last_runtime_note(const char *state_dir, const char *runtime);

/*
 * The runtime to use: what @policy names, which is remembered, if it is sound. If it is broken, the
 * one that is remembered, which is also in *ret_remembered then (the caller frees it); if none is,
 * what @policy names.
 */
const char *last_runtime_choose(const char *state_dir, const struct policy *policy,
				char **ret_remembered);
