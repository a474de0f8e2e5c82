/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Will a device be healed when its engine makes it again? Known by what udev noted about the
 * present one: the rule config/udev/94-oci-thin-grow.rules keeps the cookie of the event that
 * activated it in udev's database (the only user of libudev). That takes the rule, a udevd at work,
 * and an engine that waits for udev before it mounts.
 */

#include "base/why.h"

#include <sys/types.h>

/*
 * @name: of the dm device @dev. 0: it will; -ENOENT: it will not, with what is missing and what to
 * do; -ENOTSUP: nor would it with rule and udevd in place, because its engine does not wait.
 */
int rule_check(dev_t dev, const char *name, struct why *why);

/*
 * The same, once per boot: 1 with a reason the first time that it will not be healed, 0 after that.
 * @run_dir is RUN_DIR but in tests; what was said is noted there.
 */
int rule_check_once(const char *run_dir, dev_t dev, const char *name, struct why *why);
