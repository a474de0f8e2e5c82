/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/why.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Puts a file with this text at @path, whole or not at all for who reads it meanwhile: a temporary
 * file in the same folder, and a rename. Not synced: after a power cut it may be old, or empty.
 * 0; -EINVAL: what is there is no regular file; -errno; with a reason that names @path.
 */
int file_replace(const char *path, const char *text, size_t len, mode_t mode, struct why *why);
