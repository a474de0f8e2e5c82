/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-adjust.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/paths.h"
#include "nri-fixture.h"

#define SIZE_4G	  "io.oci-thin-grow.size=4G"
#define NOTHING	  ((const char *const[]){NULL})
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct policy policy;
static struct nri_buffer response;

static int setup(void **state)
{
	(void)state;
	policy = policy_builtin;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nri_buffer_free(&response);
	return 0;
}

static int adjust(const char *const *pod, const char *const *own, const char *hook, uint32_t stage)
{
	struct nri_buffer request = create_request(pod, own, hook, stage);
	struct nri_span copy = exact_copy(nri_span_of(&request), request.len);
	int r;

	nri_buffer_free(&response);
	r = nri_adjust(&policy, copy, &response);
	free_copy(copy);
	nri_buffer_free(&request);
	return r;
}

/* The response has these annotations in this order, and our hook, or not. */
static void is_adjusted(const char *const *annotations, bool hook)
{
	struct nri_buffer expected = {0}, adjustment = {0}, hooks = {0}, one = {0};

	for (; *annotations; annotations++)
		put_entry(&adjustment, ADJUST_ANNOTATIONS, *annotations);
	if (hook) {
		nri_put_text(&one, HOOK_FILE, HOOK_PATH);
		nri_put_text(&one, HOOK_ARGS, "oci-thin-grow");
		nri_put_text(&one, HOOK_ARGS, "hook");
		nri_put_message(&hooks, HOOKS_CREATE_RUNTIME, &one);
		nri_put_message(&adjustment, ADJUST_HOOKS, &hooks);
	}
	if (adjustment.len)
		nri_put_message(&expected, RESPONSE_ADJUST, &adjustment);
	assert_true(nri_same(nri_span_of(&response), nri_span_of(&expected)));
	nri_buffer_free(&expected);
}

static void adds(const char *const *pod, const char *const *annotations, bool hook)
{
	assert_int_equal(adjust(pod, NOTHING, NULL, 0), 0);
	is_adjusted(annotations, hook);
}

static void without_a_request_nothing_is_adjusted(void **state)
{
	(void)state;
	adds(NOTHING, NOTHING, false);
	adds(LIST("app=web", "tier=gold"), NOTHING, false);
	adds(LIST("io.oci-thin-grow.size.web=4G", "io.oci-thin-grow.size.=4G",
		  "io.oci-thin-grow.sizes=4G", "x.io.oci-thin-grow.size=4G",
		  "io.oci-thin-grow.siz=4G", "io.oci-thin-grow.size.d=4G",
		  "io.oci-thin-grow.size.db2=4G", "io.oci-thin-grow.sizexdb=4G", "=4G"),
	     NOTHING, false);
	policy.enabled = true;
	assert_int_equal(nri_adjust(&policy, (struct nri_span){NULL, 0}, &response), 0);
	assert_int_equal(response.len, 0);
}

static void a_pods_request_is_carried_with_the_hook(void **state)
{
	(void)state;
	adds(LIST("app=web", SIZE_4G), LIST(SIZE_4G), true);
	adds(LIST("containerd.io/snapshot/max-size=4G"), LIST("containerd.io/snapshot/max-size=4G"),
	     true);
	adds(LIST("io.oci-thin-grow.size.db=4G", "io.oci-thin-grow.size.web=9G", SIZE_4G),
	     LIST("io.oci-thin-grow.size.db=4G", SIZE_4G), true);
	/* That this is no size, is for the hook to say. */
	adds(LIST("io.oci-thin-grow.size="), LIST("io.oci-thin-grow.size="), true);
}

static void configured_keys_request_sizes(void **state)
{
	static const char *const keys[] = {"example.com/disk", NULL};

	(void)state;
	policy.keys = keys;
	adds(LIST(SIZE_4G), NOTHING, false);
	adds(LIST("example.com/disk=4G"), LIST("example.com/disk=4G"), true);
	adds(LIST("example.com/disk.db=4G"), LIST("example.com/disk.db=4G"), true);
}

/* NRI fails a container if two plugins set the same annotation. */
static void what_the_container_has_is_not_set_again(void **state)
{
	(void)state;
	assert_int_equal(adjust(LIST(SIZE_4G), LIST("a=b", "io.oci-thin-grow.size=2G"), NULL, 0),
			 0);
	is_adjusted(NOTHING, true);
	assert_int_equal(adjust(NOTHING, LIST("io.oci-thin-grow.size.db=2G"), NULL, 0), 0);
	is_adjusted(NOTHING, true);
}

static void a_hook_that_is_there_is_not_added_again(void **state)
{
	(void)state;
	assert_int_equal(adjust(LIST(SIZE_4G), NOTHING, HOOK_PATH, HOOKS_CREATE_RUNTIME), 0);
	is_adjusted(LIST(SIZE_4G), false);
	assert_int_equal(adjust(LIST(SIZE_4G), NOTHING, HOOK_PATH, HOOKS_PRESTART), 0);
	is_adjusted(LIST(SIZE_4G), false);
	assert_int_equal(adjust(LIST(SIZE_4G), NOTHING, HOOK_PATH "x", HOOKS_PRESTART), 0);
	is_adjusted(LIST(SIZE_4G), true);
}

/* The daemon reads it in the container's config.json. */
static void a_maximum_is_carried_without_the_hook(void **state)
{
	(void)state;
	adds(LIST("io.oci-thin-grow.max=9G", "io.oci-thin-grow.max.db=8G"),
	     LIST("io.oci-thin-grow.max=9G", "io.oci-thin-grow.max.db=8G"), false);
	adds(LIST("io.oci-thin-grow.max.web=9G"), NOTHING, false);
}

static void a_size_for_all_needs_the_hook_for_all(void **state)
{
	static const struct rule rule = {.name = "r", .has_size = true, .size_bytes = GIB};

	(void)state;
	policy.default_bytes = 2 * GIB;
	adds(NOTHING, NOTHING, true);
	policy.default_bytes = 0;
	policy.rules = &rule;
	policy.n_rules = 1;
	adds(LIST("app=web"), NOTHING, true);
}

/* Others may mean something to the runtime: the handler decides whether a tenant may set them. */
static void of_rules_annotations_only_ours_are_carried(void **state)
{
	static const struct annotation_pattern patterns[] = {
		{"io.katacontainers.config.hypervisor.path", "*"}, {"io.oci-thin-grow.tier", "*"}};
	static const struct rule rule = {.name = "r", .annotations = patterns, .n_annotations = 2};

	(void)state;
	policy.rules = &rule;
	policy.n_rules = 1;
	adds(LIST("io.katacontainers.config.hypervisor.path=/x", "io.oci-thin-grow.tier=gold"),
	     LIST("io.oci-thin-grow.tier=gold"), true);
	policy.n_rules = 0;
	adds(LIST("io.oci-thin-grow.tier=gold"), NOTHING, false);
}

static void the_value_is_any_text(void **state)
{
	static char large[300000];

	(void)state;
	snprintf(large, sizeof(large), "%s", "io.oci-thin-grow.size=");
	memset(large + strlen(large), 'x', sizeof(large) - strlen(large) - 1);
	adds(LIST(large), LIST(large), true);
	adds(LIST("io.oci-thin-grow.size=4G\n\x1b[2J\" action=grow"),
	     LIST("io.oci-thin-grow.size=4G\n\x1b[2J\" action=grow"), true);
}

static void a_flood_of_annotations_is_looked_at_once(void **state)
{
	enum { N = 20000 };
	static char texts[N][40];
	static const char *list[N + 1];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		snprintf(texts[i], sizeof(texts[i]), "io.oci-thin-grow.size.c%zu=1G", i);
		list[i] = texts[i];
	}
	assert_int_equal(adjust(list, list, NULL, 0), 0);
	is_adjusted(NOTHING, false);
}

static void a_request_that_ends_anywhere_is_an_error_or_less(void **state)
{
	struct nri_buffer request =
		create_request(LIST(SIZE_4G), LIST("a=b"), "/hook", HOOKS_PRESTART);
	unsigned int bad = 0;

	(void)state;
	for (size_t len = 0; len < request.len; len++) {
		struct nri_span copy = exact_copy(nri_span_of(&request), len);
		int r = nri_adjust(&policy, copy, &response);

		assert_true(r == 0 || r == -EBADMSG);
		bad += r < 0;
		if (len == 0)
			assert_int_equal(response.len, 0);
		nri_buffer_free(&response);
		free_copy(copy);
	}
	/* All but the empty one, and the one that ends after the pod. */
	assert_int_equal(bad, request.len - 2);
	nri_buffer_free(&request);
}

static void inner_messages_that_are_not_valid_are_an_error(void **state)
{
	static const uint32_t fields[] = {ANNOTATIONS, CONTAINER_HOOKS};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct nri_buffer request = {0}, pod = {0}, container = {0};

		put_entry(&pod, ANNOTATIONS, SIZE_4G);
		nri_put_text(&container, fields[i], "\x0a\x7f");
		nri_put_message(&request, CREATE_POD, &pod);
		nri_put_message(&request, CREATE_CONTAINER, &container);
		assert_int_equal(nri_adjust(&policy, nri_span_of(&request), &response), -EBADMSG);
		assert_int_equal(response.len, 0);
		nri_buffer_free(&request);
	}
}

static void mutated_requests_are_never_read_past_their_end(void **state)
{
	struct nri_buffer request = create_request(LIST(SIZE_4G, "io.oci-thin-grow.max=9G"),
						   LIST("a=b"), HOOK_PATH, HOOKS_PRESTART);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct nri_span copy = exact_copy(nri_span_of(&request), request.len);
		int r;

		mutate(copy);
		r = nri_adjust(&policy, copy, &response);
		assert_true(r == 0 || r == -EBADMSG);
		assert_true(response.len <= request.len + 128);
		nri_buffer_free(&response);
		free_copy(copy);
	}
	nri_buffer_free(&request);
}

static void the_hook_is_that_of_the_hooks_file(void **state)
{
	_cleanup_free_ char *file = NULL;
	size_t len;

	(void)state;
	assert_true(file_read_at(AT_FDCWD, "config/hooks.d/50-oci-thin-grow.json", 4096, &file,
				 &len) >= 0);
	assert_contains(file, "\"args\": [\"oci-thin-grow\", \"hook\"]\n");
	assert_contains(file, "\"stages\": [\"createRuntime\"]\n");
	assert_contains(file, "/libexec/oci/hooks.d/oci-thin-grow\",\n");
	assert_non_null(strstr(HOOK_PATH, "/libexec/oci/hooks.d/oci-thin-grow"));
}

#define ADJUST_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ADJUST_TEST(without_a_request_nothing_is_adjusted),
		ADJUST_TEST(a_pods_request_is_carried_with_the_hook),
		ADJUST_TEST(configured_keys_request_sizes),
		ADJUST_TEST(what_the_container_has_is_not_set_again),
		ADJUST_TEST(a_hook_that_is_there_is_not_added_again),
		ADJUST_TEST(a_maximum_is_carried_without_the_hook),
		ADJUST_TEST(a_size_for_all_needs_the_hook_for_all),
		ADJUST_TEST(of_rules_annotations_only_ours_are_carried),
		ADJUST_TEST(the_value_is_any_text),
		ADJUST_TEST(a_flood_of_annotations_is_looked_at_once),
		ADJUST_TEST(a_request_that_ends_anywhere_is_an_error_or_less),
		ADJUST_TEST(inner_messages_that_are_not_valid_are_an_error),
		ADJUST_TEST(mutated_requests_are_never_read_past_their_end),
		ADJUST_TEST(the_hook_is_that_of_the_hooks_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
