/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A growth on a device that is mounted nowhere and is about to be given to a virtual machine: a job
 * opens its rootfs with unmounted_open(), and when it is grown (or large enough), unmounted_give()
 * marks it.
 */

#include "base/why.h"
#include "disk/thin.h"
#include "job/job.h"
#include "policy/policy.h"

/* For job->open_rootfs; @context is the struct thin_device. What fresh_open() returns. */
int unmounted_open(void *context, struct rootfs *ret, struct why *why);

/*
 * Closes the job's rootfs (its name stays, for tell.h), waits until nobody has @device open, and
 * marks it as given to a virtual machine, durably. 0, or -errno with a reason: no virtual machine
 * may get it.
 */
int unmounted_give(struct job *job, const struct thin_device *device, const struct policy *policy,
		   struct why *why);
