/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whatever may wait in the kernel is done by a child process, so that the daemon itself never
 * waits. This is its only file that forks; nothing is executed.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * As fork(2), or -errno. In the child (0) signals have their default effect, and of the daemon's
 * files only standard input, output, error and @keep_fd are open. @ends_with_us: it is killed when
 * the daemon ends.
 */
pid_t child_fork(int keep_fd, bool ends_with_us);

/* Kills it, unless it has been waited for (@pid is 0). */
void child_kill(pid_t pid);

/* CLOCK_BOOTTIME: goes on while the host sleeps, and is never set. */
uint64_t boottime_now(void);
