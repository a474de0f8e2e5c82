/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Is the daemon running? It holds the lock RUN_DIR/growd.lock (flock(2), exclusive) as long as it
 * lives. @run_dir is RUN_DIR (disk/lock.h), except in tests.
 */

#include <stdbool.h>

#define GROWD_LOCK "growd.lock" /* in RUN_DIR */

/* Never creates anything. False also if that cannot be found out. */
bool growd_is_running(const char *run_dir);

/*
 * For the daemon: an fd to keep open; its child processes must close their copy, or the lock may
 * outlive the daemon. -EBUSY: another one runs; -EPERM: the file belongs to another user; -errno.
 */
int growd_lock(const char *run_dir);
