/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Is a filesystem frozen (fsfreeze, a snapshot in progress)? The kernel has no call that says so:
 * those that notice it wait for the thaw, and SIGKILL does not end them. So a child process waits.
 */

/*
 * @fd: a file or directory of the filesystem. 0: it is not frozen; 1: it did not answer within
 * @wait_ms, so it is, or it hangs for another reason; -errno. In the second case the child is
 * killed, but ends, and closes its copy of @fd, only when the filesystem answers.
 */
int frozen_check(int fd, unsigned int wait_ms);
