/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A clock that only the program moves, so that no test depends on the speed of the machine: it
 * advances by each sleep, and by 10 µs for each reading, so that polling ends. Timer signals still
 * arrive in real time.
 */

#include <stdbool.h>

/* Switches it on or off. Tests that wait for another process need real time. */
void fake_clock(bool on);
/* Called in each sleep of the fake clock, unless NULL: what others do meanwhile. */
extern void (*fake_clock_sleeps)(void);
