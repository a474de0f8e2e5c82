/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What size should this container have, and why?
 *
 * Pure: the caller brings the annotations, policy answers. A tenant's text can only ever become a
 * number of bytes here.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdbool.h>
#include <stdint.h>

enum on_failure { ON_FAILURE_FAIL, ON_FAILURE_WARN };

struct policy {
	const char *const
		*keys; /* annotations that ask, the first one there wins; ends with NULL */
	uint64_t max_bytes;
	enum on_failure request, not_applicable;
	struct pool_limits {
		unsigned int data_percent, metadata_percent;
	} pool_limits;
	uint64_t timeout_ms;
	const char *runtime; /* what the wrapper becomes */
};

extern const struct policy policy_builtin;

struct request {
	bool asked;
	uint64_t bytes;
	const char *origin; /* "annotation" or "label" */
	const char *key;    /* which one; lives as long as the policy */
	const char *text;   /* as the tenant wrote it; lives as long as the annotations */
};

/*
 * Looks for a request in @annotations (or labels: @origin says which), an array of @n objects in
 * which the first that has a key wins (NULL ones are skipped). 0 and *ret (asked or not); -EINVAL
 * or -ERANGE with a reason if there is a request that cannot be read, and then *ret names its key.
 */
int policy_request(const struct policy *policy, const char *origin,
		   const struct json *const annotations[], size_t n, struct request *ret,
		   struct why *why);

/* May the container have what it asks for? 0, or -EPERM with a reason. */
int policy_allow(const struct policy *policy, const struct request *request, struct why *why);

/*
 * Is this the container that only holds a pod's namespaces, and never a workload? @annotations, or
 * labels, as for policy_request().
 */
bool policy_is_sandbox(const struct json *const annotations[], size_t n);
