/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/growth.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "disk/frozen.h"
#include "disk/thin.h"
#include "job/job.h"
#include "job/tell.h"

#include <string.h>

/* Its number may be another device's now, and its path another disk's. */
static bool is_same_disk(const struct growth *growth, const struct rootfs *rootfs)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct why unused;

	return rootfs->dev == growth->dev && thin_lookup(rootfs->dev, &device, &unused) == 0 &&
	       strcmp(device.name, growth->device) == 0;
}

static enum growth_end end_of(const struct job *job)
{
	const struct grow_report *report = &job->report;

	switch (job->outcome) {
	case JOB_GROWN:
		return GROWTH_DONE;
	case JOB_NOTHING:
	case JOB_KEPT:
		return GROWTH_KEPT;
	case JOB_NOT_APPLICABLE:
	case JOB_SWITCHED_OFF:
	case JOB_REFUSED:
		return GROWTH_REFUSED;
	case JOB_POSTPONED:
	case JOB_FAILED:
		break;
	}
	return report->from_sectors && report->device.sectors > report->from_sectors
		       ? GROWTH_CUT
		       : GROWTH_FAILED;
}

enum growth_end growth_run(const struct growth *growth, const struct policy *policy)
{
	struct job job = {
		.container = growth->container,
		.bundle = "",
		.engine = growth->engine,
		.in_pod = growth->in_pod,
		.refuse_unhealed = true,
		.rootfs.fd = -EBADF,
		.request = {.origin = ORIGIN_AUTOGROW,
			    .bytes = growth->bytes,
			    .rule = growth->rule},
	};
	enum growth_end end = GROWTH_GONE;
	struct why unused;

	if (rootfs_open("/", growth->path, &job.rootfs, &unused) == 0 &&
	    is_same_disk(growth, &job.rootfs)) {
		frozen_wait(job.rootfs.fd);
		job_grow(&job, policy);
		tell_log(&job);
		end = end_of(&job);
	}
	job_free(&job);
	return end;
}
