/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A fake udev database with one device, in place of libudev. */

#include "disk/healing.h"

#include <stdbool.h>

struct fake_udev {
	bool missing, uninitialized;
	const char *dm_name, *cookie; /* properties; NULL: not set */
	unsigned int lookups;
};

extern struct fake_udev fake_udev;

/* A device that our rule has seen, created by an engine that waits for udev. */
void fake_udev_heals(void);

/* Hosts with and without the rule. */
extern const struct healing fake_host_heals, fake_host_without_rule;
