/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deadline.h"

#include <errno.h>
#include <sys/time.h>
#include <time.h>

#define TICK_MS 50

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void on_alarm(int sig)
{
	(void)sig; /* its only purpose is to interrupt */
}

static int set_timer(uint64_t first_ms, uint64_t then_ms)
{
	struct itimerval timer = {
		.it_value = {(time_t)(first_ms / 1000), (suseconds_t)(first_ms % 1000) * 1000},
		.it_interval = {(time_t)(then_ms / 1000), (suseconds_t)(then_ms % 1000) * 1000},
	};

	return setitimer(ITIMER_REAL, &timer, NULL) < 0 ? -errno : 0;
}

int deadline_start(struct deadline *deadline, uint64_t timeout_ms)
{
	struct sigaction action = {.sa_handler = on_alarm};
	sigset_t alarm_only;

	/* The signal mask is inherited: an engine may have blocked this signal. */
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	if (sigaction(SIGALRM, &action, &deadline->old_action) < 0 ||
	    sigprocmask(SIG_UNBLOCK, &alarm_only, &deadline->old_mask) < 0)
		return -errno;
	deadline->end_ms = now_ms() + timeout_ms;
	return set_timer(timeout_ms ? timeout_ms : 1, TICK_MS);
}

void deadline_restart(struct deadline *deadline, uint64_t timeout_ms)
{
	deadline->end_ms = now_ms() + timeout_ms;
	set_timer(timeout_ms ? timeout_ms : 1, TICK_MS);
}

bool deadline_passed(const struct deadline *deadline)
{
	return now_ms() >= deadline->end_ms;
}

void deadline_stop(struct deadline *deadline)
{
	set_timer(0, 0);
	sigprocmask(SIG_SETMASK, &deadline->old_mask, NULL);
	sigaction(SIGALRM, &deadline->old_action, NULL);
	deadline->end_ms = 0;
}

bool deadline_pause(const struct deadline *deadline, unsigned int ms)
{
	struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L};

	if (deadline_passed(deadline))
		return false;
	nanosleep(&pause, NULL);
	return true;
}
