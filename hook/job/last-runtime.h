/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The runtime that the last sound configuration named: a container must be operated with the
 * runtime that created it, even while the configuration is broken. A symbolic link, "runtime" in
 * STATE_DIR, whose target is the runtime's path. It is trusted only if the directory belongs to
 * root or us and nobody else can write to it.
 */

#include "policy/policy.h"

#define STATE_DIR "/var/lib/oci-thin-grow"

/* 0 and the path, which the caller frees; -ENOENT: none is remembered; -errno. */
int last_runtime_read(const char *state_dir, char **ret);

/*
 * Remembers @runtime, durably; writes only if another one, or none, is remembered. A runtime that
 * cannot be executed is a mistake and is not remembered. 0 or -errno.
 */
int last_runtime_note(const char *state_dir, const char *runtime);

/*
 * The runtime to use. If @policy is sound: the one that it names, which is then remembered. If it
 * is broken: the remembered one, which is *ret_remembered, to be freed; without one, what @policy
 * names.
 */
const char *last_runtime_choose(const char *state_dir, const struct policy *policy,
				char **ret_remembered);
