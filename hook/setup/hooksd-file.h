/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a file of hooks.d says: oci-hooks(5), as containers/common (pkg/hooks/1.0.0) reads it. With
 * a file that it does not take podman creates no container and CRI-O does not start.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>

struct hooksd_file {
	char *path;	  /* of the program */
	bool conditional; /* "when" has conditions: not every container has it */
};

/*
 * Is our hook called with that? 0 and *ret, whose path is to be freed; -EINVAL with a reason
 * (not JSON, never, in a wrong stage, with other arguments); -ENOMEM.
 */
int hooksd_file_parse(const char *text, size_t len, struct hooksd_file *ret, struct why *why);
