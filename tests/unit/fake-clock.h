/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A clock that only the program moves, so that no test depends on how busy the machine is: by what
 * it sleeps, and by 10 µs for each look at it, so that who polls comes to an end. Signals of timers
 * still come when they come.
 */

#include <stdbool.h>

/* From now on or no longer. Real time is needed by those who wait for another process. */
void fake_clock(bool on);
