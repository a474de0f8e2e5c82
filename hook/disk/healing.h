/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Will a grown device be extended again when its engine re-creates it? grow, list, explain, doctor
 * and metrics all get their answer here.
 *
 * It takes a systemd-udevd that answers, our rule in a directory that udev reads, and an engine
 * that waits for udev before it mounts. The last is read off the present device: the rule stores in
 * udev's database the cookie of the event that activated the device (this is the only user of
 * libudev). If the rule has not seen the present device, that says nothing about the next one.
 */

#include "base/text.h"
#include "base/why.h"

#include <stdbool.h>
#include <sys/types.h>

struct healing {
	bool armed;
	struct why why;	  /* what is missing, or "" */
	struct text fix;  /* the shell command that repairs it, or "" */
	const char *hint; /* what to do if no command repairs it; NULL if @fix is set */
};

/* What to do about it, for people; the command if there is one. */
#define healing_advice(healing) (*(healing)->fix.s ? (healing)->fix.s : (healing)->hint)

/* The host's part. */
void healing_udevd(struct healing *ret);
void healing_rule(bool udevd_answers, struct healing *ret);

/* Both together. */
void healing_host(struct healing *ret);

/* The answer for the device-mapper device @name with number @dev (0:0: not active). */
void healing_device(const struct healing *host, dev_t dev, const char *name, struct healing *ret);
