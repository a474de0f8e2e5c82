/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Processes, as /proc shows them. @proc is "/proc" but in tests; @pid is a directory of it: a
 * number, or "self".
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* "PROC/PID/NAME", to be freed; NULL: out of memory. */
char *process_path(const char *proc, const char *pid, const char *name);

/* What PROC/PID/status says of @field ("Uid"), to be freed. 0; -ENODATA; -ENOENT, -ESRCH; -errno */
int process_status(const char *proc, const char *pid, const char *field, char **ret);

/* Is that what it calls itself (at most 15 bytes)? Any process may call itself so. */
bool process_is_called(const char *proc, const char *pid, const char *name);

/* Is it root that it acts as? */
bool process_is_roots(const char *proc, const char *pid);

/* Does its link @name ("root", "ns/pid") lead to the same as @path? */
bool process_links_to(const char *proc, const char *pid, const char *name, const char *path);

/*
 * Is it root's, on the host that this process is on? A container may share the host's pids, but it
 * has a root directory of its own.
 */
bool process_is_hosts(const char *proc, const char *pid);

/* When it began, in ticks since the boot; false if it is no more (or a zombie). */
bool process_start(pid_t pid, uint64_t *ret_ticks);
