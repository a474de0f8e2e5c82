/* SPDX-License-Identifier: Apache-2.0 */
#include "job/unmounted.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "disk/fresh.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "disk/vm-mark.h"

int unmounted_open(void *context, struct rootfs *ret, struct why *why)
{
	return fresh_open(context, LEDGER_DIR, ret, why);
}

int unmounted_give(struct job *job, const struct thin_device *device, const struct policy *policy,
		   struct why *why)
{
	const struct vm_mark_order order = {RUN_DIR, LEDGER_DIR, policy->timeout_ms};
	const struct deadline deadline = {.end_ms = now_ms() + policy->timeout_ms};
	int r;

	cleanup_close(&job->rootfs.fd);
	job->rootfs.fd = -EBADF;
	r = fresh_wait_closed(device, &deadline, why);
	return r < 0 ? r : vm_mark(device, &order, why);
}
