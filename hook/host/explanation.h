/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Why a container's disk is as large as it is, how large it will be at its next start, and what
 * would be done now: printed as text or JSON. Pure except for the stream.
 */

#include "disk/thin.h"
#include "host/outlook.h"
#include "job/ceiling.h"
#include "job/job.h"
#include "oci/json.h"
#include "policy/policy.h"

#include <stdio.h>

/* All that is known about one container. */
struct explanation {
	const struct policy *policy;
	struct job job;		/* a dry run that is done, with its verdicts */
	const char *state;	/* "running", "stopped", or "" if unknown */
	struct outlook outlook; /* disk.device is NULL: not on a thin device */
	struct thin_pool pool;	/* name is NULL: unknown */
	bool engine_calls_us;	/* at the next start */
	struct ceiling ceiling;
	const char *held; /* as in struct ceiling_view */
};

/* @verbose: also numbers of devices, sectors and blocks. */
void explanation_print(const struct explanation *this, bool verbose, FILE *out);

/* Writes one object, an element of an array that the caller has opened. */
void explanation_json(const struct explanation *this, struct json_writer *w);
