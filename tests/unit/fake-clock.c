/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-clock.h"

#include "unit.h"

#include <stdint.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
#define LOOK_NS	  10000

__typeof__(clock_gettime) __real_clock_gettime, __wrap_clock_gettime;
__typeof__(nanosleep) __real_nanosleep, __wrap_nanosleep;

void (*fake_clock_sleeps)(void);

static bool faked;
static uint64_t fake_ns = SECOND_NS;

void fake_clock(bool on)
{
	faked = on;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (!faked)
		return __real_clock_gettime(clock, ret);
	fake_ns += LOOK_NS;
	ret->tv_sec = (time_t)(fake_ns / SECOND_NS);
	ret->tv_nsec = (long)(fake_ns % SECOND_NS);
	return 0;
}

int __wrap_nanosleep(const struct timespec *duration, struct timespec *left)
{
	if (!faked)
		return __real_nanosleep(duration, left);
	fake_ns += (uint64_t)duration->tv_sec * SECOND_NS + (uint64_t)duration->tv_nsec;
	if (fake_clock_sleeps)
		fake_clock_sleeps();
	return 0;
}
