/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/why.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads @fd to its end. *ret_text has a NUL behind its *ret_len bytes; the caller frees it.
 * -EFBIG: more than @max_bytes (nothing is returned); otherwise what read(2) says.
 */
int file_read(int fd, size_t max_bytes, char **ret_text, size_t *ret_len);

/* The same for a regular file at @path below the folder @dir_fd (AT_FDCWD: any path). */
int file_read_at(int dir_fd, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len);

/* mkdir -p with @mode, durably. 0, also if it is there; -errno. */
int file_make_folder(const char *dir, mode_t mode);

/*
 * Opens the directory @dir, which must belong to the caller. Others' permission to write, as a
 * careless mkdir leaves it, is taken away. An fd; -EPERM: it is another user's; -errno; with a
 * reason that does not repeat @dir.
 */
int file_open_private(const char *dir, struct why *why);

/* All of it, or -errno. */
int file_write_all(int fd, const char *text, size_t len);

/* Makes the file @name in @dir_fd, which must not be there, and flushes it to disk. */
int file_write_new(int dir_fd, const char *name, mode_t mode, const char *text, size_t len);
