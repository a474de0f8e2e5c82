/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which program makes a thin pool larger when it fills? LVM's dmeventd does if its configuration
 * says so, Stratis does with its own pools; nobody does with a pool of dmsetup or of containerd's
 * or Docker's loop devices. No program is called: see host/lvm.h.
 */

#include "host/lvm.h"

#include <stdbool.h>
#include <stdint.h>

enum extender {
	EXTENDER_NOBODY,
	EXTENDER_DMEVENTD,
	EXTENDER_STRATIS,
};

struct pool_extender {
	enum extender by;
	unsigned long percent; /* DMEVENTD extends it when so much is in use */
	char *reason; /* NOBODY: why LVM or Stratis does not; NULL: it is a pool of neither */
	bool is_lvm;
	struct lvm_pool lvm;
};

struct extender_places {
	const char *lvm, *run, *proc;
};
extern const struct extender_places extender_host; /* "/etc/lvm", "/run", "/proc" */

/* @name, @uuid: the pool's in device-mapper; @bytes: its data space. */
void pool_extender_look(const struct extender_places *where, const char *name, const char *uuid,
			uint64_t bytes, struct pool_extender *ret);
void pool_extender_free(struct pool_extender *extender);

/* "dmeventd", "stratis" or "nobody" */
const char *extender_name(enum extender extender);
