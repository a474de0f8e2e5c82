/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One lock per device, in our own directory in /run, where no container can reach and hold it. It
 * goes away with the fd, even if the process is killed.
 */

#include "base/deadline.h"
#include "base/why.h"

#include <stdint.h>
#include <sys/types.h>

#define RUN_DIR "/run/oci-thin-grow"

/* Opens the directory of the locks, creating it if it is missing: see file_open_private(). */
int lock_open_dir(const char *run_dir, struct why *why);

/*
 * Takes the lock of the device @dev, waiting until @deadline. @run_dir is RUN_DIR, except in tests.
 * 0 and an fd to close; -ETIMEDOUT or -errno, with a reason.
 */
int lock_device(const char *run_dir, dev_t dev, const struct deadline *deadline, int *ret_fd,
		struct why *why);

/*
 * Claims on the space of a pool; @fd is its lock, from lock_device(). The lock is held only while a
 * growth checks for space and claims what it may write; the claim lasts until @fd is closed, when
 * the growing ioctl has returned. A filesystem writes some of its metadata later, in the
 * background: nothing claims that.
 */
uint64_t lock_claimed_blocks(int fd); /* of all other growths */
void lock_claim(int fd, uint64_t blocks);
void lock_release(int fd); /* releases the lock, keeps the claim */
