/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Grows a disk that is mounted nowhere and that a virtual machine is about to get. */

#include "job/job.h"

/*
 * For a job whose @in_vm is set. The disk is found by the container's id in containerd's databases.
 * If no guest can have written it (job/fresh-proof.h), it is grown like any other; else the device
 * alone is. 0 and job->report, with job->why for all results but GROW_DONE and GROW_KEPT; -errno
 * with job->why. With these two results the device is marked as given to a virtual machine
 * (disk/vm-mark.h), unless it is a dry run.
 */
int vm_disk_grow(struct job *job, const struct policy *policy, const struct grow_order *order);

/* Has its device the requested size? Reads only; the device is in job->report. */
bool vm_disk_is_long_enough(struct job *job, const struct policy *policy);

/*
 * For job->open_rootfs, on a device that an operator says is new; @context is the struct
 * thin_device. What fresh_open() returns.
 */
int vm_disk_open(void *context, struct rootfs *ret, struct why *why);

/*
 * When such a device is grown or large enough: closes the job's rootfs (its name stays, for
 * tell.h), waits until nobody has @device open, and marks it as given to a virtual machine,
 * durably. 0, or -errno with a reason: no virtual machine may get it.
 */
int vm_disk_give(struct job *job, const struct thin_device *device, const struct policy *policy,
		 struct why *why);
