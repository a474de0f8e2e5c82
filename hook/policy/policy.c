/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include "base/count.h"
#include "base/paths.h"
#include "base/quote.h"
#include "base/size.h"
#include "policy/config.h"

#include <errno.h>
#include <string.h>

static const char *const builtin_keys[] = {
	"io.oci-thin-grow.size",
	"containerd.io/snapshot/max-size",
	NULL,
};

#define NAME_MAX_BYTES 63 /* of a container in a pod */

static const char *const any_pool[] = {"*", NULL};
static const char *const no_roots[] = {NULL};

const struct policy policy_builtin = {
	.enabled = true,
	.keys = builtin_keys,
	.labels = true,
	.max_bytes = UINT64_C(1) << 40,
	.pools = any_pool,
	.on_exceed = ON_EXCEED_DENY,
	.on_failure = {.request = ON_FAILURE_FAIL,
		       .implicit = ON_FAILURE_WARN,
		       .not_applicable = ON_FAILURE_WARN},
	.pool_guard = {.data_percent = 95, .metadata_percent = 90, .autogrow_data_percent = 80},
	.autogrow = {.at_permille = 850,
		     .by_permille = 1000,
		     .min_step_bytes = UINT64_C(1) << 30,
		     .max_step_bytes = UINT64_C(64) << 30,
		     .cooldown_ms = 30000,
		     .budget = 6,
		     .budget_ms = 600000},
	.timeout_ms = 10000,
	.runtime = RUNC_PATH,
	.data_roots = no_roots,
};

const char *request_origin_name(enum request_origin origin)
{
	static const char *const names[] = {
		[ORIGIN_NONE] = NULL,	      [ORIGIN_ANNOTATION] = "annotation",
		[ORIGIN_LABEL] = "label",     [ORIGIN_OPTION] = "option",
		[ORIGIN_RULE] = "rule",	      [ORIGIN_COMMAND] = "command",
		[ORIGIN_DEFAULT] = "default", [ORIGIN_AUTOGROW] = "autogrow",
	};

	return names[origin];
}

const char *request_source_into(struct text *out, const struct request *request, char separator)
{
	const char *origin = request_origin_name(request->origin);

	return request->key ? text_into(out, "%s%c%s", origin, separator, request->key)
			    : text_into(out, "%s", origin);
}

/* What containerd's CRI made: "sandbox" or "container" (pkg/cri/annotations). */
#define CRI_CONTAINER_TYPE "io.kubernetes.cri.container-type"

/*
 * How a sandbox is marked: by containerd's CRI, CRI-O and podman (which uses CRI-O's key) with
 * annotations, by cri-dockerd with a label.
 */
static const struct {
	const char *key, *value;
} sandbox_marks[] = {
	{CRI_CONTAINER_TYPE, "sandbox"},
	{"io.kubernetes.cri-o.ContainerType", "sandbox"},
	{"io.kubernetes.docker.type", "podsandbox"},
};

static int find_text(const struct json *const annotations[], size_t n, const char *key,
		     const char **ret, struct why *why)
{
	for (size_t i = 0; i < n; i++) {
		int r = annotations[i] ? json_string(annotations[i], key, ret, why) : 0;

		if (r)
			return r;
	}
	return 0;
}

/*
 * The container's name in its pod: containerd's annotation, and the kubelet's label, which CRI-O
 * makes an annotation. NULL: none, or not one that Kubernetes allows (a DNS label).
 */
static const char *name_in_pod(const struct json *const annotations[], size_t n)
{
	static const char *const keys[] = {"io.kubernetes.cri.container-name",
					   "io.kubernetes.container.name"};
	const char *name;
	struct why unused;

	for (size_t i = 0; i < COUNT(keys); i++) {
		if (find_text(annotations, n, keys[i], &name, &unused) <= 0)
			continue;
		if (*name && strlen(name) <= NAME_MAX_BYTES &&
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name))
			return name;
	}
	return NULL;
}

/* Takes @r, the result of looking for the text of @found. */
static int read_request(int r, const struct request *found, struct request *ret, struct why *why)
{
	*ret = *found;
	if (r > 0)
		r = size_parse(found->text, &ret->bytes, why);
	return r < 0 ? why_prefix(why, r, found->key) : 0;
}

/* Is there @key with the name behind it? As find_text(); found->key is then the annotations'. */
static int find_named(const struct json *const annotations[], size_t n, const char *key,
		      const char *name, struct request *found, struct why *why)
{
	const char *named = text("%s.%s", key, name);
	int r = find_text(annotations, n, named, &found->text, why);

	for (size_t i = 0; r > 0 && i < n; i++) {
		const struct json *member;
		struct why unused;

		if (annotations[i] &&
		    json_member(annotations[i], named, JSON_STRING, &member, &unused) > 0) {
			found->key = member->key;
			break;
		}
	}
	return r;
}

/* As find_text(), with @key.NAME before @key. */
static int find_request(const struct json *const annotations[], size_t n, const char *key,
			const char *name, struct request *found, struct why *why)
{
	int r = name ? find_named(annotations, n, key, name, found, why) : 0;

	return r ? r : find_text(annotations, n, key, &found->text, why);
}

int policy_request(const struct policy *policy, enum request_origin origin,
		   const struct json *const annotations[], size_t n, struct request *ret,
		   struct why *why)
{
	const char *name = name_in_pod(annotations, n);

	*ret = (struct request){0};
	for (const char *const *key = policy->keys; *key; key++) {
		struct request found = {.origin = origin, .key = *key};
		int r = find_request(annotations, n, *key, name, &found, why);

		if (r)
			return read_request(r, &found, ret, why);
	}
	return 0;
}

void policy_request_max(enum request_origin origin, const struct json *const annotations[],
			size_t n, struct request *ret)
{
	struct request found = {.origin = origin, .key = POLICY_MAX_KEY};
	const char *name = name_in_pod(annotations, n);
	struct why unused;
	int r = find_request(annotations, n, POLICY_MAX_KEY, name, &found, &unused);

	*ret = r > 0 ? found : (struct request){0};
}

int policy_request_option(const char *text, struct request *ret, struct why *why)
{
	struct request found = {.origin = ORIGIN_OPTION, .key = "size", .text = text};
	int r = size_parse_docker(text, &found.bytes, why);

	*ret = r < 0 ? (struct request){0} : found;
	return r < 0 ? why_prefix(why, r, "--storage-opt size") : 0;
}

bool policy_gives(const struct policy *policy)
{
	return policy->enabled && (policy->default_bytes || policy->n_rules);
}

bool policy_needs_namespace(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		if (policy->rules[i].ns)
			return true;
	}
	return false;
}

bool policy_needs_image(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		if (policy->rules[i].image)
			return true;
	}
	return false;
}

const struct rule *policy_rule(const struct policy *policy, const struct facts *facts,
			       struct rule_verdict *verdicts)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		struct rule_verdict verdict = {.reached = true};

		verdict.matches = match_rule(&policy->rules[i], facts, &verdict.why);
		if (verdicts)
			verdicts[i] = verdict;
		if (verdict.matches)
			return &policy->rules[i];
	}
	return NULL;
}

uint64_t policy_max_bytes(const struct policy *policy, const struct rule *rule)
{
	return rule && rule->max_bytes ? rule->max_bytes : policy->max_bytes;
}

/* The size without a request. Never above the limit: both are the operator's. */
static void give(const struct policy *policy, struct request *request)
{
	const struct rule *rule = request->rule;
	uint64_t max_bytes = policy_max_bytes(policy, rule);
	bool by_rule = rule && rule->has_size;
	uint64_t bytes = by_rule ? rule->size_bytes : policy->default_bytes;

	*request = (struct request){
		.origin = !bytes    ? ORIGIN_NONE
			  : by_rule ? ORIGIN_RULE
				    : ORIGIN_DEFAULT,
		.key = bytes && by_rule ? rule->name : NULL,
		.bytes = bytes > max_bytes ? max_bytes : bytes,
		.rule = rule,
	};
}

/* "rule "databases" (FILE:LINE)" */
static const char *name_rule(struct text *out, const struct rule *rule)
{
	text_into(out, "rule \"%s\"", rule->name);
	if (rule->file)
		text_add(out, " (%s:%u)", rule->file, rule->line);
	return out->s;
}

int policy_allow(const struct policy *policy, const struct request *request, struct why *why)
{
	const struct rule *rule = request->rule;
	const char *max = size_format(policy_max_bytes(policy, rule));
	struct config_origin origin = config_origin(policy, "max_size");
	struct text name;

	if (request->bytes <= policy_max_bytes(policy, rule))
		return 0;
	if (rule && rule->max_bytes)
		return why_set(why, EPERM, "max_size of %s is %s; raise it there",
			       name_rule(&name, rule), max);
	if (origin.file)
		return why_set(why, EPERM, "max_size is %s (%s:%u); raise it there", max,
			       origin.file, origin.line);
	return why_set(why, EPERM,
		       "max_size is %s by default; set a larger one in " CONFIG_DIR "/config.json",
		       max);
}

int policy_decide(const struct policy *policy, const struct facts *facts, int r,
		  struct request *request, struct rule_verdict *verdicts, struct why *why)
{
	const struct rule *rule = policy_rule(policy, facts, verdicts);
	struct text name;

	request->rule = rule;
	if (rule && rule->request == RULE_REQUEST_DENY && request_exists(request))
		return why_set(why, EPERM, "%s denies size requests", name_rule(&name, rule));
	if (!request_exists(request) || (rule && rule->request == RULE_REQUEST_IGNORE)) {
		give(policy, request);
		return 0;
	}
	if (r < 0)
		return r;
	if (policy->on_exceed == ON_EXCEED_CLAMP &&
	    request->bytes > policy_max_bytes(policy, rule)) {
		request->exceeded_bytes = request->bytes;
		request->bytes = policy_max_bytes(policy, rule);
	}
	return policy_allow(policy, request, why);
}

int policy_allow_again(const struct policy *policy, const struct facts *facts, uint64_t bytes,
		       struct why *why)
{
	struct request given = {0}, asked = {.origin = ORIGIN_COMMAND, .bytes = bytes};
	int r;

	if (policy_decide(policy, facts, 0, &given, NULL, why) == 0 && given.bytes >= bytes)
		return 0;
	r = policy_decide(policy, facts, 0, &asked, NULL, why);
	if (r == 0 && asked.bytes < bytes)
		r = why_set(why, EPERM, "the configuration no longer gives it this size");
	return r;
}

uint64_t policy_largest_bytes(const struct policy *policy)
{
	uint64_t largest = policy->max_bytes;

	for (size_t i = 0; i < policy->n_rules; i++) {
		if (policy->rules[i].max_bytes > largest)
			largest = policy->rules[i].max_bytes;
	}
	return largest;
}

const struct shim *policy_shim(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->n_shims; i++) {
		if (strcmp(policy->shims[i].name, name) == 0)
			return &policy->shims[i];
	}
	return NULL;
}

bool policy_allows_pool(const char *name, const void *policy)
{
	for (const char *const *pool = ((const struct policy *)policy)->pools; *pool; pool++) {
		if (match_pattern(*pool, name))
			return true;
	}
	return false;
}

bool policy_is_sandbox(const struct json *const annotations[], size_t n)
{
	struct why ignored;
	const char *value;

	for (size_t i = 0; i < COUNT(sandbox_marks); i++) {
		if (find_text(annotations, n, sandbox_marks[i].key, &value, &ignored) > 0 &&
		    strcmp(value, sandbox_marks[i].value) == 0)
			return true;
	}
	return false;
}

bool policy_is_pods_container(const struct json *const annotations[], size_t n)
{
	struct why ignored;
	const char *value;

	return find_text(annotations, n, CRI_CONTAINER_TYPE, &value, &ignored) > 0 &&
	       strcmp(value, "container") == 0;
}

bool policy_is_in_pod(const struct json *const annotations[], size_t n)
{
	struct why ignored;
	const char *value;

	for (size_t i = 0; i < COUNT(sandbox_marks); i++) {
		if (find_text(annotations, n, sandbox_marks[i].key, &value, &ignored) > 0)
			return true;
	}
	return false;
}

void policy_deny_pool(const struct policy *policy, const char *pool, struct why *why)
{
	struct config_origin origin = config_origin(policy, "pools");

	if (origin.file)
		why_set(why, 0, "pool %s is not in \"pools\" (%s:%u)", quote(pool), origin.file,
			origin.line);
	else
		why_set(why, 0, "pool %s is not in \"pools\"", quote(pool));
}
