/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lets dockerd validate a daemon.json before it is written: dockerd --validate (23.0 and later). */

#include "setup/docker-daemon.h"

/*
 * Would dockerd start with @file as the plan changes it, and the options of the running dockerd?
 * 1: yes; 0: it is not installed, or too old to tell; -EEXIST: no; -errno; with a reason.
 */
int docker_check(const struct setup_place *place, const struct docker_daemon *daemon,
		 const struct setup_file *file, struct why *why);
