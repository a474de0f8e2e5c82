/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * Reads @fd to its end. *ret_text has a NUL behind its *ret_len bytes; the caller frees it.
 * -EFBIG: more than @max_bytes (nothing is returned); otherwise what read(2) says.
 */
int file_read(int fd, size_t max_bytes, char **ret_text, size_t *ret_len);

/* The same for a regular file at @path below the folder @dir_fd (AT_FDCWD: any path). */
int file_read_at(int dir_fd, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len);
