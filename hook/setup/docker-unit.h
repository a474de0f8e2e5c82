/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How systemd would start dockerd: docker.service, its drop-ins, and the files of variables that
 * these name (/etc/sysconfig/docker).
 */

#include "setup/docker-daemon.h"

/* @ret->where is the file that says the option that conflicts. No unit: all zero. 0 or -ENOMEM. */
int docker_unit_find(const struct setup_place *place, struct docker_daemon *ret);
