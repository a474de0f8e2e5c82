/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What size should this container have, and why?
 *
 * Pure: the caller brings what is known of the container, policy answers. A tenant's text can only
 * ever become a number of bytes here, or select a rule.
 */

#include "base/text.h"
#include "base/why.h"
#include "oci/json.h"
#include "policy/match.h"

#include <stdbool.h>
#include <stdint.h>

enum on_failure { ON_FAILURE_FAIL, ON_FAILURE_WARN };
enum on_exceed { ON_EXCEED_DENY, ON_EXCEED_CLAMP };

/* The configuration, as it counts (policy/config.h). Lists of strings end with NULL. */
struct policy {
	bool enabled;
	const char *const *keys; /* annotations and labels that ask, the first one there wins */
	bool labels;
	uint64_t default_bytes; /* 0: none */
	uint64_t max_bytes;
	const char *const *pools; /* patterns */
	const struct rule *rules; /* the first that matches wins */
	size_t n_rules;
	enum on_exceed on_exceed;
	struct {
		enum on_failure request, implicit, not_applicable;
	} on_failure;
	struct pool_guard {
		unsigned int data_percent, metadata_percent;
		uint64_t overcommit_thousandths; /* 0: no limit */
	} pool_guard;
	uint64_t timeout_ms;
	const char *runtime; /* what the wrapper becomes */
	const char *const *data_roots;

	/* What is wrong with the configuration, or NULL: but for the runtime all of the above is
	 * built in then. */
	const char *broken;
	struct config_memory *memory; /* policy/config.h; NULL: all is static */
};

extern const struct policy policy_builtin;

/* Who wants the container to have a size. */
enum request_origin {
	ORIGIN_NONE, /* nobody */
	ORIGIN_ANNOTATION,
	ORIGIN_LABEL,
	ORIGIN_COMMAND, /* an operator */
	ORIGIN_RULE,
	ORIGIN_DEFAULT,
};

struct request {
	enum request_origin origin;
	uint64_t bytes;		 /* what it is to have */
	uint64_t exceeded_bytes; /* what it asked for, if that was cut; else 0 */
	const char *key;	 /* which one, or the rule's name; lives as long as the policy */
	const char *text;	 /* as the tenant wrote it; lives as long as the annotations */
	const struct rule *rule; /* the one that counts, or NULL */
};

static inline bool request_exists(const struct request *request)
{
	return request->origin != ORIGIN_NONE;
}

/* From a rule or the default: neither the container nor an operator asked for it. */
static inline bool request_is_implicit(const struct request *request)
{
	return request->origin == ORIGIN_RULE || request->origin == ORIGIN_DEFAULT;
}

/* "annotation", "label", "command", "rule", "default"; NULL for ORIGIN_NONE. */
const char *request_origin_name(enum request_origin origin);

/* "annotation:KEY", "rule:NAME" or "default"; with @separator in the place of the colon. */
const char *request_source_into(struct text *out, const struct request *request, char separator);
#define request_source(request, separator)                                                         \
	request_source_into(&(struct text){""}, (request), (separator))

/*
 * Looks for a request in @annotations (or labels: @origin says which), an array of @n objects in
 * which the first that has a key wins (NULL ones are skipped). 0 and *ret (asked or not); -EINVAL
 * or -ERANGE with a reason if there is a request that cannot be read, and then *ret names its key.
 */
int policy_request(const struct policy *policy, enum request_origin origin,
		   const struct json *const annotations[], size_t n, struct request *ret,
		   struct why *why);

/* What became of a rule: the first one that matches counts, and ends the search. */
struct rule_verdict {
	bool reached, matches;
	struct why why; /* reached, but does not match: the first thing that differs */
};

/* Does any rule look at the namespace, or the image? They may cost a look into engines' files. */
bool policy_needs_namespace(const struct policy *policy);
bool policy_needs_image(const struct policy *policy);

/* Can a container that does not ask get a size? */
bool policy_gives(const struct policy *policy);

/*
 * From what the container asks for to what it gets: rules, default, largest size. @request is what
 * policy_request() found with the result @r (and *why, if that was an error), and becomes the
 * answer. 0, asked or not; -EPERM: not allowed; @r, if that request counts and cannot be read; with
 * a reason.
 */
int policy_decide(const struct policy *policy, const struct facts *facts, int r,
		  struct request *request, struct rule_verdict *verdicts, struct why *why);

/* The rule that counts, or NULL. @verdicts: NULL, or filled: one for each rule. */
const struct rule *policy_rule(const struct policy *policy, const struct facts *facts,
			       struct rule_verdict *verdicts);

/* The largest size for a container to which @rule (or NULL) applies. */
uint64_t policy_max_bytes(const struct policy *policy, const struct rule *rule);

/* May it have what is asked for? 0, or -EPERM with a reason. */
int policy_allow(const struct policy *policy, const struct request *request, struct why *why);

/*
 * May a growth to @bytes that was allowed once be finished now? Who asked for it is not known. 0,
 * or -EPERM with a reason.
 */
int policy_allow_again(const struct policy *policy, const struct facts *facts, uint64_t bytes,
		       struct why *why);

/* The largest size that any container can have. */
uint64_t policy_largest_bytes(const struct policy *policy);

/* Is the pool, by its dm name, one that may be used? @policy is a struct policy. */
bool policy_allows_pool(const char *name, const void *policy);
/* Fills @why for a @pool that may not: where the configuration says so. */
void policy_deny_pool(const struct policy *policy, const char *pool, struct why *why);

/*
 * Is this the container that only holds a pod's namespaces, and never a workload? @annotations, or
 * labels, as for policy_request().
 */
bool policy_is_sandbox(const struct json *const annotations[], size_t n);

/* Is it a pod's container, or its sandbox? Those of podman's pods, which are started again, look
 * alike. */
bool policy_is_in_pod(const struct json *const annotations[], size_t n);
