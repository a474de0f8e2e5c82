/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Decides what size a container should have, and why. Pure: the caller passes what is known about
 * the container. A tenant's text can only become a number of bytes, or select a rule.
 */

#include "base/text.h"
#include "base/why.h"
#include "oci/json.h"
#include "policy/autogrow.h"
#include "policy/match.h"

#include <stdbool.h>
#include <stdint.h>

#define POLICY_KEY_PREFIX "io.oci-thin-grow."
#define POLICY_MAX_KEY	  POLICY_KEY_PREFIX "max" /* annotation or label */

enum on_failure { ON_FAILURE_FAIL, ON_FAILURE_WARN };
enum on_exceed { ON_EXCEED_DENY, ON_EXCEED_CLAMP };

/* The program that our wrapper for the shim @name (base/shim-name.h) becomes. */
struct shim {
	const char *name, *path;
	const char *file; /* of the configuration, and the line in it */
	unsigned int line;
};

/* The effective configuration (policy/config.h). Lists of strings end with NULL. */
struct policy {
	bool enabled;
	const char *const
		*keys; /* annotations and labels that request a size; the first one present wins */
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
		unsigned int autogrow_data_percent; /* instead of data_percent, if lower */
		uint64_t overcommit_thousandths;    /* 0: no limit */
	} pool_guard;
	struct autogrow autogrow;  /* of containers to which no rule with other values applies */
	uint64_t start_with_bytes; /* 0: a filesystem grows completely before the start */
	uint64_t timeout_ms;
	const char *runtime;	  /* the program that the wrapper executes */
	const struct shim *shims; /* the same for shims; those not named are searched for */
	size_t n_shims;
	const char *const *data_roots;
	const char *nri; /* the daemon connects to this socket; NULL: to none */

	/*
	 * What is wrong with the configuration, or NULL. If set, everything above except runtime
	 * and shims is built in.
	 */
	const char *broken;
	struct config_memory *memory; /* see policy/config.h; NULL: everything is static */
};

extern const struct policy policy_builtin;

/* Who requests the size. */
enum request_origin {
	ORIGIN_NONE, /* nobody */
	ORIGIN_ANNOTATION,
	ORIGIN_LABEL,
	ORIGIN_OPTION,	/* Docker's --storage-opt size= */
	ORIGIN_COMMAND, /* an operator */
	ORIGIN_RULE,
	ORIGIN_DEFAULT,
	ORIGIN_AUTOGROW, /* the daemon, before it is full */
};

struct request {
	enum request_origin origin;
	uint64_t bytes;		 /* the size that it should have */
	uint64_t exceeded_bytes; /* the size it requested, if that was clamped; else 0 */
	/* The annotation, or the rule's name. These two live as long as annotations and policy. */
	const char *key;
	const char *text;	 /* as the tenant wrote it */
	const struct rule *rule; /* the rule that applies, or NULL */
};

static inline bool request_exists(const struct request *request)
{
	return request->origin != ORIGIN_NONE;
}

/* Is it from a rule or the default, rather than from the container or an operator? */
static inline bool request_is_implicit(const struct request *request)
{
	return request->origin == ORIGIN_RULE || request->origin == ORIGIN_DEFAULT;
}

/*
 * "annotation", "label", "option", "command", "rule", "default", "autogrow"; NULL for ORIGIN_NONE.
 */
const char *request_origin_name(enum request_origin origin);

/* "annotation:KEY", "option:size", "rule:NAME" or "default", with @separator instead of the colon.
 */
const char *request_source_into(struct text *out, const struct request *request, char separator);
#define request_source(request, separator)                                                         \
	request_source_into(&(struct text){""}, (request), (separator))

/*
 * Looks for a request in @annotations (or labels, as @origin says), an array of @n objects; the
 * first that has a key wins, and NULL ones are skipped. For the container NAME of a pod each key is
 * tried as KEY.NAME first. 0 and *ret, with or without a request; -EINVAL or -ERANGE with a reason
 * if the request cannot be parsed: *ret then names its key.
 */
int policy_request(const struct policy *policy, enum request_origin origin,
		   const struct json *const annotations[], size_t n, struct request *ret,
		   struct why *why);

/*
 * Looks likewise for the largest size to which the container wants to grow before it is full, which
 * autogrow_decide() parses. Fills only origin, key and text.
 */
void policy_request_max(enum request_origin origin, const struct json *const annotations[],
			size_t n, struct request *ret);

/*
 * policy_request() for the text of Docker's size option, with Docker's units. Where we read it
 * Docker ignores it, so one that cannot be parsed is an error, and no request.
 */
int policy_request_option(const char *text, struct request *ret, struct why *why);

/* The result for a rule: the first that matches applies, and later ones are not reached. */
struct rule_verdict {
	bool reached, matches;
	struct why why; /* reached, but does not match: the first property that differs */
};

/*
 * Does any rule match on the namespace, or on the image? Finding these may mean reading engines'
 * files.
 */
bool policy_needs_namespace(const struct policy *policy);
bool policy_needs_image(const struct policy *policy);

/* Can a container without a request get a size? */
bool policy_gives(const struct policy *policy);

/*
 * Turns a request into the size that the container gets, by rules, default and largest size.
 * @request is what policy_request() found with the result @r (and *why, if that was an error), and
 * becomes the answer. 0, with or without a size; -EPERM: not allowed; @r, if the request would take
 * effect and cannot be parsed; with a reason.
 */
int policy_decide(const struct policy *policy, const struct facts *facts, int r,
		  struct request *request, struct rule_verdict *verdicts, struct why *why);

/* The rule that applies, or NULL. @verdicts: NULL, or filled with one for each rule. */
const struct rule *policy_rule(const struct policy *policy, const struct facts *facts,
			       struct rule_verdict *verdicts);

/* The largest size allowed for a container to which @rule (or NULL) applies. */
uint64_t policy_max_bytes(const struct policy *policy, const struct rule *rule);

/* May the container have this size? 0, or -EPERM with a reason. */
int policy_allow(const struct policy *policy, const struct request *request, struct why *why);

/*
 * May an interrupted growth to @bytes, allowed when it began, be finished now? Who requested it is
 * unknown. 0, or -EPERM with a reason.
 */
int policy_allow_again(const struct policy *policy, const struct facts *facts, uint64_t bytes,
		       struct why *why);

/* The largest size that any container may have. */
uint64_t policy_largest_bytes(const struct policy *policy);

/* The entry of "shims" with this name; NULL: there is none. */
const struct shim *policy_shim(const struct policy *policy, const char *name);

/* May the pool with this device-mapper name be used? @policy is a struct policy. */
bool policy_allows_pool(const char *name, const void *policy);
/* Fills @why for a @pool that may not: where the configuration says so. */
void policy_deny_pool(const struct policy *policy, const char *pool, struct why *why);

/*
 * Is this a pod's sandbox, which only holds its namespaces? @annotations, or labels, as in
 * policy_request().
 */
bool policy_is_sandbox(const struct json *const annotations[], size_t n);

/* Is it a container of a pod that containerd's CRI made? It starts each container once. */
bool policy_is_pods_container(const struct json *const annotations[], size_t n);

/*
 * Does it belong to a pod, as container or sandbox? podman's pods, which are started again, look
 * the same.
 */
bool policy_is_in_pod(const struct json *const annotations[], size_t n);
