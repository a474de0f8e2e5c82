/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Is a program ours? And may ours replace another? */

#include "setup/setup.h"

/*
 * Is @path, with links resolved, the program installed as @installed? If not, the reason goes after
 * its name: "is missing; reinstall oci-thin-grow".
 */
bool setup_is_ours(const struct setup_place *place, const char *path, const char *installed,
		   struct why *why);
/* Does an engine that calls @path call our runtime? */
bool setup_is_runtime(const struct setup_place *place, const char *path, struct why *why);

/*
 * May our runtime replace the default runtime @present? Only if that is runc, or with @force;
 * otherwise @instead says what to do. 0 or -EEXIST.
 */
int setup_check_default(const char *present, bool force, const char *instead, struct why *why);

/*
 * Will `disable` give back the default @present that our runtime is to replace? It restores @kept,
 * the one in the backup, which an earlier `enable` made. NULL: none, which is runc. 0 or -EEXIST.
 */
int setup_check_kept_default(const char *engine, const char *present, const char *kept,
			     struct why *why);
