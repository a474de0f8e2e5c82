/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whose container it is, which size it requests, and what the policy makes of that. No device is
 * looked at.
 */

#include "job/job.h"

/* Finds the container's own request. Returns what policy_request() does. */
int job_find_request(struct job *job, const struct policy *policy);

/* Applies the rules to the request that job_find_request() found with the result @r. */
enum job_outcome job_decide(struct job *job, const struct policy *policy, int r);

/* What @policy needs to know about the container; pointers into @job. */
struct facts job_facts(struct job *job, const struct policy *policy);

/* job->labels, looked up if the caller has none. NULL: there are none. */
const struct json *job_labels(struct job *job);

/* Is it re-created rather than started again? podman's pods ("play kube") are started again. */
bool job_is_in_pod(const struct job *job);

/* "docker", ...: as in engine/engine.h or engine/container.h. */
const char *job_engine(const struct job *job);
