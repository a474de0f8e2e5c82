/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * Reads @fd to its end. *ret_text has a NUL behind its *ret_len bytes; the caller frees it.
 * -EFBIG: more than @max_bytes (nothing is returned); otherwise what read(2) says.
 */
int file_read(int fd, size_t max_bytes, char **ret_text, size_t *ret_len);

/* The same for a regular file at @path below the directory @dir_fd (AT_FDCWD: any path). */
int file_read_at(int dir_fd, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len);

/* mkdir -p with @mode, durably. 0, also if it is there; -errno. */
int file_make_directory(const char *dir, mode_t mode);

/*
 * Opens the directory @dir, which must belong to the caller. Others' permission to write, as a
 * careless mkdir leaves it, is taken away. An fd; -EPERM: it is another user's; -errno; with a
 * reason that does not repeat @dir.
 */
int file_open_private(const char *dir, struct why *why);

/* Does it belong to root or to the caller, and may nobody else write to it? */
bool file_is_ours_alone(const struct stat *st);

bool file_is_same(const struct stat *a, const struct stat *b);

/* All of it, or -errno. */
int file_write_all(int fd, const char *text, size_t len);

/* Makes the file @name in @dir_fd, which must not be there, and flushes it to disk. */
int file_write_new(int dir_fd, const char *name, mode_t mode, const char *text, size_t len);

/*
 * @temporary, if it was made without an error @r, takes the place of @name; else it is removed, and
 * nothing has changed. 0 or -errno.
 */
int file_put_in_place(int dir_fd, const char *temporary, const char *name, int r, bool durable);

/*
 * Puts a file with this text and @mode at @name in @dir_fd, whole or not at all for who reads it
 * meanwhile: a temporary file, ".NAME.PID.new", and a rename. A @durable one is on disk on return;
 * another may be old or empty after a power cut. On failure nothing has changed.
 */
int file_replace_at(int dir_fd, const char *name, const char *text, size_t len, mode_t mode,
		    bool durable);

/*
 * The same for the file that a user named, not durably. -EINVAL: what is there is no regular file;
 * -errno; with a reason that names @path.
 */
int file_replace(const char *path, const char *text, size_t len, mode_t mode, struct why *why);
