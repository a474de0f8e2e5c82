/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-adjust.h"

#include "base/paths.h"

#include <errno.h>
#include <string.h>

/* NRI: pkg/api/api.proto */
enum create_request { REQUEST_POD = 1, REQUEST_CONTAINER = 2 };
enum create_response { RESPONSE_ADJUST = 1 };
enum pod { POD_ANNOTATIONS = 6 };
enum container { CONTAINER_NAME = 3, CONTAINER_ANNOTATIONS = 6, CONTAINER_HOOKS = 10 };
enum adjustment { ADJUST_ANNOTATIONS = 2, ADJUST_HOOKS = 5 };
enum map_entry { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum hooks { HOOKS_CREATE_RUNTIME = 2 };
enum hook { HOOK_FILE = 1, HOOK_ARGS = 2 };

/* The pod has them for all its containers, this container for itself. */
struct create {
	const struct policy *policy;
	struct nri_span pod, container;
	struct nri_span name; /* of the container in its pod; may be empty */
};

enum use { USE_NONE, USE_CARRIED, USE_REQUEST };

/* Is it @key, or @key.NAME? */
static bool is_key(struct nri_span found, const char *key, struct nri_span name)
{
	size_t len = strlen(key);

	if (found.len < len || memcmp(found.at, key, len) != 0)
		return false;
	if (found.len == len)
		return true;
	return name.len && found.at[len] == '.' &&
	       nri_same((struct nri_span){found.at + len + 1, found.len - len - 1}, name);
}

/*
 * Annotations with other names, which rules can match as well, are not carried: they may mean
 * something to the runtime, and the handler decides which of them a tenant may set.
 */
static bool is_in_rule(const struct rule *rule, struct nri_span key)
{
	for (size_t i = 0; i < rule->n_annotations; i++) {
		if (nri_is(key, rule->annotations[i].key) &&
		    strncmp(rule->annotations[i].key, POLICY_KEY_PREFIX,
			    strlen(POLICY_KEY_PREFIX)) == 0)
			return true;
	}
	return false;
}

static enum use use_of(const struct create *create, struct nri_span key)
{
	const struct policy *policy = create->policy;

	for (const char *const *one = policy->keys; *one; one++) {
		if (is_key(key, *one, create->name))
			return USE_REQUEST;
	}
	if (is_key(key, POLICY_MAX_KEY, create->name))
		return USE_CARRIED;
	for (size_t i = 0; i < policy->n_rules; i++) {
		if (is_in_rule(&policy->rules[i], key))
			return USE_CARRIED;
	}
	return USE_NONE;
}

/* The next annotation in @message; as nri_next(). */
static int next_annotation(struct nri_span *message, uint32_t number, struct nri_span *ret_entry,
			   struct nri_span *ret_key)
{
	struct nri_field field;
	int r;

	while ((r = nri_next(message, &field)) > 0) {
		if (field.number != number || !field.is_bytes)
			continue;
		*ret_entry = field.bytes;
		*ret_key = (struct nri_span){0};
		r = nri_find_bytes(field.bytes, ENTRY_KEY, ret_key);
		return r < 0 ? r : 1;
	}
	return r;
}

static int container_has(const struct create *create, struct nri_span wanted)
{
	struct nri_span rest = create->container, entry, key;
	int r;

	while ((r = next_annotation(&rest, CONTAINER_ANNOTATIONS, &entry, &key)) > 0) {
		if (nri_same(key, wanted))
			return 1;
	}
	return r;
}

/*
 * Adds the pod's annotations that the container lacks. What it has may be another plugin's, and
 * with two plugins that set one annotation NRI fails the container. 1: one of them requests a size.
 */
static int carry(const struct create *create, struct nri_buffer *adjust)
{
	struct nri_span rest = create->pod, entry, key;
	int r, requested = 0;

	while ((r = next_annotation(&rest, POD_ANNOTATIONS, &entry, &key)) > 0) {
		enum use use = use_of(create, key);

		if (use == USE_NONE)
			continue;
		r = container_has(create, key);
		if (r < 0)
			return r;
		if (use == USE_REQUEST)
			requested = 1;
		if (r == 0)
			nri_put_bytes(adjust, ADJUST_ANNOTATIONS, entry);
	}
	return r < 0 ? r : requested;
}

static int container_requests(const struct create *create)
{
	struct nri_span rest = create->container, entry, key;
	int r;

	while ((r = next_annotation(&rest, CONTAINER_ANNOTATIONS, &entry, &key)) > 0) {
		if (use_of(create, key) == USE_REQUEST)
			return 1;
	}
	return r;
}

/* From a base_runtime_spec, or another plugin. In which stage, is theirs to say. */
static int has_hook(const struct create *create)
{
	struct nri_span hooks = {0}, file;
	struct nri_field hook;
	int r = nri_find_bytes(create->container, CONTAINER_HOOKS, &hooks);

	while (r >= 0 && (r = nri_next(&hooks, &hook)) > 0) {
		if (!hook.is_bytes)
			continue;
		r = nri_find_bytes(hook.bytes, HOOK_FILE, &file);
		if (r > 0 && nri_is(file, HOOK_PATH))
			return 1;
	}
	return r;
}

/* As in config/hooks.d. */
static void put_hook(struct nri_buffer *adjust)
{
	struct nri_buffer hook = {0}, hooks = {0};

	nri_put_text(&hook, HOOK_FILE, HOOK_PATH);
	nri_put_text(&hook, HOOK_ARGS, "oci-thin-grow");
	nri_put_text(&hook, HOOK_ARGS, "hook");
	nri_put_message(&hooks, HOOKS_CREATE_RUNTIME, &hook);
	nri_put_message(adjust, ADJUST_HOOKS, &hooks);
}

static int read_create(const struct policy *policy, struct nri_span request, struct create *ret)
{
	struct create create = {.policy = policy};
	int r = nri_find_bytes(request, REQUEST_POD, &create.pod);

	if (r >= 0)
		r = nri_find_bytes(request, REQUEST_CONTAINER, &create.container);
	if (r >= 0)
		r = nri_find_bytes(create.container, CONTAINER_NAME, &create.name);
	*ret = create;
	return r < 0 ? r : 0;
}

static int fill_adjust(const struct create *create, struct nri_buffer *adjust)
{
	int requested = carry(create, adjust), r = requested;

	if (r == 0)
		r = container_requests(create);
	if (r < 0 || (r == 0 && !policy_gives(create->policy)))
		return r;
	r = has_hook(create);
	if (r == 0)
		put_hook(adjust);
	return r < 0 ? r : 0;
}

/* A pod's sandbox needs no check: it is not created by this call, and the hook would skip it. */
int nri_adjust(const struct policy *policy, struct nri_span request, struct nri_buffer *to)
{
	struct nri_buffer adjust = {0};
	struct create create;
	int r = read_create(policy, request, &create);

	if (r == 0)
		r = fill_adjust(&create, &adjust);
	if (r == 0 && adjust.len)
		nri_put_message(to, RESPONSE_ADJUST, &adjust);
	nri_buffer_free(&adjust);
	return r < 0 ? r : to->error;
}
