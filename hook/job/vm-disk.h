/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Grows the disk of one of containerd's containers that a virtual machine is about to get. It is
 * mounted nowhere, so it is found by the container's id in containerd's databases. If no guest can
 * have written it (job/fresh-proof.h), it is grown like any other; else the device alone is.
 */

#include "job/job.h"

/*
 * For a job whose @in_vm is set. 0 and job->report, with job->why for all results but GROW_DONE and
 * GROW_KEPT; -errno with job->why. With these two results the device is marked as given to a
 * virtual machine (disk/vm-mark.h), unless it is a dry run.
 */
int vm_disk_grow(struct job *job, const struct policy *policy, const struct grow_order *order);
