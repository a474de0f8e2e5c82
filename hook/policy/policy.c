/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include "policy/size.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const builtin_keys[] = {
	"io.oci-thin-grow.size",
	"containerd.io/snapshot/max-size",
	NULL,
};

const struct policy policy_builtin = {
	.keys = builtin_keys,
	.max_bytes = UINT64_C(1) << 40,
	.request = ON_FAILURE_FAIL,
	.not_applicable = ON_FAILURE_WARN,
	.pool_limits = {.data_percent = 95, .metadata_percent = 90},
	.timeout_ms = 10000,
	.runtime = "/usr/bin/runc",
};

/*
 * Who names a sandbox, and how: containerd's CRI, CRI-O and podman (which took CRI-O's key), all
 * three by annotations, and cri-dockerd by a label.
 */
static const struct {
	const char *key, *value;
} sandbox_marks[] = {
	{"io.kubernetes.cri.container-type", "sandbox"},
	{"io.kubernetes.cri-o.ContainerType", "sandbox"},
	{"io.kubernetes.docker.type", "podsandbox"},
};

static int find(const struct json *const annotations[], size_t n, const char *key, const char **ret,
		struct why *why)
{
	for (size_t i = 0; i < n; i++) {
		int r = annotations[i] ? json_string(annotations[i], key, ret, why) : 0;

		if (r)
			return r;
	}
	return 0;
}

int policy_request(const struct policy *policy, const char *origin,
		   const struct json *const annotations[], size_t n, struct request *ret,
		   struct why *why)
{
	*ret = (struct request){0};
	for (const char *const *key = policy->keys; *key; key++) {
		struct request found = {.asked = true, .origin = origin, .key = *key};
		int r = find(annotations, n, *key, &found.text, why);

		if (r == 0)
			continue;
		if (r > 0)
			r = size_parse(found.text, &found.bytes, why);
		*ret = found;
		if (r == 0)
			return 0;
		return why_prefix(why, r, *key);
	}
	return 0;
}

int policy_allow(const struct policy *policy, const struct request *request, struct why *why)
{
	if (request->bytes <= policy->max_bytes)
		return 0;
	return why_set(why, EPERM, "policy allows no more than %s", size_format(policy->max_bytes));
}

bool policy_is_sandbox(const struct json *const annotations[], size_t n)
{
	struct why ignored;
	const char *value;

	for (size_t i = 0; i < sizeof(sandbox_marks) / sizeof(sandbox_marks[0]); i++) {
		if (find(annotations, n, sandbox_marks[i].key, &value, &ignored) > 0 &&
		    strcmp(value, sandbox_marks[i].value) == 0)
			return true;
	}
	return false;
}
