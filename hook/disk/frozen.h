/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Is a filesystem frozen (fsfreeze, a snapshot in progress)? The kernel has no call that says so:
 * those that notice it wait for the thaw, and SIGKILL does not end them. So a child process waits.
 */

#include "base/deadline.h"
#include "base/why.h"

/*
 * @fd: a file or directory of the filesystem. 0: it is not frozen; -ETIMEDOUT: it did not answer in
 * time, so it is, or it hangs for another reason; -errno; with a reason. In the second case the
 * child is killed, but ends, and closes its copy of @fd, only when the filesystem answers.
 */
int frozen_check(int fd, const struct deadline *deadline, struct why *why);

/* Waits until it is not frozen, however long. */
void frozen_wait(int fd);
