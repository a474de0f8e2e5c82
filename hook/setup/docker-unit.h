/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How systemd would start dockerd: docker.service, its drop-ins, and their EnvironmentFile.
 * Debian's docker.io has ExecStart=... $DOCKER_OPTS with EnvironmentFile=-/etc/default/docker.
 */

#include "setup/docker-daemon.h"

/* ret->where is the file that has the options. All zero: no unit. 0 or -ENOMEM. */
int docker_unit_find(const struct setup_place *place, struct docker_daemon *ret);
