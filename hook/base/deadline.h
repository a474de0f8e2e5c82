/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A deadline for calls that block in the kernel (flock, the suspend inside a device-mapper resume):
 * a timer whose signal has no SA_RESTART, so such a call ends with EINTR on time. The timer keeps
 * ticking after the deadline, so a signal that arrives between a check and a call is followed by
 * another. Only one deadline at a time, because there is one SIGALRM.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct deadline {
	uint64_t end_ms;	     /* CLOCK_MONOTONIC */
	struct sigaction old_action; /* restored by deadline_stop(), for the real runtime */
	sigset_t old_mask;
};

/* 0 or -errno. */
int deadline_start(struct deadline *deadline, uint64_t timeout_ms);
/* Restarts it with @timeout_ms. */
void deadline_restart(struct deadline *deadline, uint64_t timeout_ms);
bool deadline_passed(const struct deadline *deadline);
void deadline_stop(struct deadline *deadline);

/* Waits @ms and returns true, or returns false if the deadline has passed. */
bool deadline_pause(const struct deadline *deadline, unsigned int ms);

/* CLOCK_MONOTONIC */
uint64_t now_ms(void);
