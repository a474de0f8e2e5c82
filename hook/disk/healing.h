/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Will a grown device be long enough when its engine re-creates it? The one answer for grow, list,
 * explain, doctor and metrics. That takes a systemd-udevd that answers, our rule where it reads
 * rules, and an engine that waits for udev before it mounts. The last is seen from the present
 * device: the rule keeps the cookie of the event that activated it in udev's database (libudev is
 * used here only). A device that the rule has not seen says nothing of the next one.
 */

#include "base/text.h"
#include "base/why.h"

#include <stdbool.h>
#include <sys/types.h>

struct healing {
	bool armed;
	struct why why;	  /* what is missing, or "" */
	struct text fix;  /* the command for sh that repairs it, or "" */
	const char *hint; /* what to do where no command does it; NULL where @fix is set */
};

/* What the host has of it. */
void healing_udevd(struct healing *ret);
void healing_rule(bool udevd_answers, struct healing *ret);

/* Both together. */
void healing_host(struct healing *ret);

/* The answer for the dm device @name, whose number is @dev (0:0: it is not active). */
void healing_device(const struct healing *host, dev_t dev, const char *name, struct healing *ret);
