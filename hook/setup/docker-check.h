/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What dockerd itself makes of a daemon.json before it is one: dockerd --validate (23.0 and later).
 */

#include "setup/docker-daemon.h"

/*
 * Would dockerd read @file as the plan makes it, with the options of the one that runs? 1: yes; 0:
 * it is not on the host, or is too old to say; -EEXIST: no; -errno; with a reason.
 */
int docker_check(const struct setup_place *place, const struct docker_daemon *daemon,
		 const struct setup_file *file, struct why *why);
