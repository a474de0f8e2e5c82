/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * Reads @fd to its end. *ret_text has a NUL after its *ret_len bytes; the caller frees it. -EFBIG:
 * more than @max_bytes (nothing is returned); otherwise read(2)'s errors.
 */
int file_read(int fd, size_t max_bytes, char **ret_text, size_t *ret_len);

/* The same for a regular file at @path below the directory @dir_fd (AT_FDCWD: any path). */
int file_read_at(int dir_fd, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len);

/* Like mkdir -p with @mode, durably. 0, also if the directory exists; -errno. */
int file_make_directory(const char *dir, mode_t mode);

/*
 * Opens the directory @dir, which must belong to the caller. Revokes write permission for others,
 * which a careless mkdir may have left. An fd; -EPERM: another user owns it; -errno; with a reason
 * that does not repeat @dir.
 */
int file_open_private(const char *dir, struct why *why);

/* Does it belong to root or to the caller, and can nobody else write to it? */
bool file_is_ours_alone(const struct stat *st);

bool file_is_same(const struct stat *a, const struct stat *b);

/*
 * From now on a write beyond the file size limit (ulimit -f) fails with EFBIG, instead of ending
 * the process without a message. A program that is executed finds the signal (SIGXFSZ) as we did.
 */
void file_survive_size_limit(void);

/* Writes all of @text. 0 or -errno. */
int file_write_all(int fd, const char *text, size_t len);

/* Creates the file @name in @dir_fd, which must not exist, and flushes it to disk. */
int file_write_new(int dir_fd, const char *name, mode_t mode, const char *text, size_t len);

/*
 * Renames @temporary to @name if @r, the result of writing it, is 0; otherwise removes it and
 * returns @r. 0 or -errno.
 */
int file_put_in_place(int dir_fd, const char *temporary, const char *name, int r, bool durable);

/*
 * Writes a file with this text and @mode at @name in @dir_fd, atomically for readers: a temporary
 * file, ".NAME.PID.new", and a rename. With @durable it is on disk on return; otherwise it may be
 * old or empty after a power cut. On failure nothing has changed.
 */
int file_replace_at(int dir_fd, const char *name, const char *text, size_t len, mode_t mode,
		    bool durable);

/*
 * The same for a file that a user named, not durably. -EINVAL: it exists and is not a regular file;
 * -errno; with a reason that names @path.
 */
int file_replace(const char *path, const char *text, size_t len, mode_t mode, struct why *why);
