/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Processes, read from /proc. @proc is "/proc", except in tests; @pid is a directory in it: a
 * number, or "self".
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* "PROC/PID/NAME", to be freed; NULL: out of memory. */
char *process_path(const char *proc, const char *pid, const char *name);

/*
 * The value of @field ("Uid") in PROC/PID/status, to be freed. 0; -ENODATA; -ENOENT, -ESRCH; -errno
 */
int process_status(const char *proc, const char *pid, const char *field, char **ret);

/* Is @name what it calls itself (at most 15 bytes)? Any process may use any name. */
bool process_is_called(const char *proc, const char *pid, const char *name);

/* Is its effective user root? */
bool process_is_roots(const char *proc, const char *pid);

/* Does its link @name ("root", "ns/pid") refer to the same file as @path? */
bool process_links_to(const char *proc, const char *pid, const char *name, const char *path);

/*
 * Does it run as root on the host itself? A container may share the host's pid namespace, but has
 * another root directory.
 */
bool process_is_hosts(const char *proc, const char *pid);

/* Its start time in ticks since boot; false if it has ended (or is a zombie). */
bool process_start(pid_t pid, uint64_t *ret_ticks);
