/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "setup/change.h"

/*
 * Notes how many containers below @data_root cannot start without our runtime: Docker stores a
 * container's runtime in its hostconfig.json when it creates it.
 */
void docker_users_note(const struct setup_place *place, const char *data_root,
		       struct setup_plan *plan);
