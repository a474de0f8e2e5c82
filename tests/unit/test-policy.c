/* SPDX-License-Identifier: Apache-2.0 */
#include "base/paths.h"
#include "base/text.h"
#include "policy/policy.h"

#include "unit.h"

#define OUR_KEY	  "io.oci-thin-grow.size"
#define THEIR_KEY "containerd.io/snapshot/max-size"

static struct json_doc *docs[2];
static const struct json *annotations[2];
static struct request request;
static struct why why;

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		json_free(docs[i]);
		docs[i] = NULL;
		annotations[i] = NULL;
	}
	return 0;
}

/* Annotations of state and spec, NULL for none. */
static void annotate(const char *first, const char *second)
{
	const char *const texts[] = {first, second};

	teardown(NULL);
	for (size_t i = 0; i < 2; i++) {
		if (!texts[i])
			continue;
		assert_int_equal(json_parse(texts[i], strlen(texts[i]), &docs[i], &why), 0);
		annotations[i] = json_root(docs[i]);
	}
}

static int ask(const char *first, const char *second)
{
	annotate(first, second);
	memset(&request, 0xff, sizeof(request));
	why.text[0] = '\0';
	return policy_request(&policy_builtin, ORIGIN_ANNOTATION, annotations, 2, &request, &why);
}

static void expect(const char *first, const char *second, uint64_t bytes, const char *key)
{
	assert_int_equal(ask(first, second), 0);
	assert_true(request_exists(&request));
	assert_true(request.bytes == bytes);
	assert_string_equal(request.key, key);
	assert_int_equal(request.origin, ORIGIN_ANNOTATION);
}

static void without_a_key_there_is_no_request(void **state)
{
	static const char *const others[] = {
		"{}",
		"{\"x\":\"4G\"}",
		"{\"IO.OCI-THIN-GROW.SIZE\":\"4G\"}",
		"{\"io.oci-thin-grow.size\\u0000\":\"4G\"}",
		"{\"io.oci-thin-grow.size.x\":\"4G\",\"size\":\"4G\",\"size\":\"5G\"}",
	};

	(void)state;
	assert_int_equal(ask(NULL, NULL), 0);
	assert_false(request_exists(&request));
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_int_equal(ask(others[i], others[i]), 0);
		assert_false(request_exists(&request));
		assert_int_equal(request.bytes, 0);
	}
}

static void finds_a_request(void **state)
{
	(void)state;
	expect("{\"" OUR_KEY "\":\"42G\"}", NULL, 42 * GIB, OUR_KEY);
	expect(NULL, "{\"" OUR_KEY "\":\"42G\"}", 42 * GIB, OUR_KEY);
	expect("{\"x\":\"1G\"}", "{\"" THEIR_KEY "\":\"1.5T\"}", 3 * TIB / 2, THEIR_KEY);
	assert_string_equal(request.text, "1.5T");
}

static void the_first_key_wins(void **state)
{
	(void)state;
	expect("{\"" OUR_KEY "\":\"1G\"}", "{\"" OUR_KEY "\":\"2G\"}", GIB, OUR_KEY);
	/* our own key before the other, wherever it is */
	expect("{\"" THEIR_KEY "\":\"1G\",\"" OUR_KEY "\":\"2G\"}", NULL, 2 * GIB, OUR_KEY);
	expect("{\"" THEIR_KEY "\":\"1G\"}", "{\"" OUR_KEY "\":\"2G\"}", 2 * GIB, OUR_KEY);
	/* a request that is not used is not read */
	expect("{\"" OUR_KEY "\":\"1G\",\"" THEIR_KEY "\":\"?\"}", "{\"" OUR_KEY "\":1}", GIB,
	       OUR_KEY);
}

#define CRI_NAME "\"io.kubernetes.cri.container-name\":"

static void one_container_of_a_pod_has_a_size_of_its_own(void **state)
{
	static const char pod[] = "{\"" OUR_KEY "\":\"2G\",\"" OUR_KEY ".app\":\"3G\"}";
	static const char app[] = "{" CRI_NAME "\"app\"}", db[] = "{" CRI_NAME "\"db\"}";

	(void)state;
	/* containerd's CRI, and CRI-O */
	expect(pod, app, 3 * GIB, OUR_KEY ".app");
	assert_string_equal(request.text, "3G");
	expect("{\"io.kubernetes.container.name\":\"app\"}", pod, 3 * GIB, OUR_KEY ".app");
	/* another container gets what the pod requests, as does one without a name */
	expect(pod, db, 2 * GIB, OUR_KEY);
	expect(pod, NULL, 2 * GIB, OUR_KEY);
	assert_int_equal(ask("{\"" OUR_KEY ".app\":\"3G\"}", db), 0);
	assert_false(request_exists(&request));
	/* each key has it, in the order of keys */
	expect("{\"" THEIR_KEY ".app\":\"3G\",\"" THEIR_KEY "\":\"2G\"}", app, 3 * GIB,
	       THEIR_KEY ".app");
	expect("{\"" THEIR_KEY ".app\":\"3G\",\"" OUR_KEY "\":\"2G\"}", app, 2 * GIB, OUR_KEY);
}

#define MAX_KEY "io.oci-thin-grow.max"

static void ask_max(const char *first, const char *second)
{
	annotate(first, second);
	memset(&request, 0xff, sizeof(request));
	policy_request_max(ORIGIN_LABEL, annotations, 2, &request);
}

static void finds_the_text_of_a_containers_own_maximum(void **state)
{
	(void)state;
	ask_max("{\"" MAX_KEY "\":\"no size\"}", NULL);
	assert_string_equal(request.text, "no size");
	assert_string_equal(request_source(&request, ':'), "label:" MAX_KEY);
	ask_max("{\"" MAX_KEY "\":\"2G\",\"" MAX_KEY ".app\":\"3G\"}", "{" CRI_NAME "\"app\"}");
	assert_string_equal(request.text, "3G");
	assert_string_equal(request.key, MAX_KEY ".app");
	ask_max("{\"" OUR_KEY "\":\"2G\",\"" MAX_KEY ".app\":\"3G\"}", NULL);
	assert_false(request_exists(&request));
	ask_max("{\"" MAX_KEY "\":7}", NULL);
	assert_false(request_exists(&request));
	ask_max(NULL, NULL);
	assert_false(request_exists(&request));
}

static void a_name_that_kubernetes_forbids_is_ignored(void **state)
{
	static const struct {
		const char *json, *key;
	} names[] = {
		{"\"\"", ""},
		{"\"a.b\"", "a.b"},
		{"\"A\"", "A"},
		{"\"a b\"", "a b"},
		{"\"a\\nb\"", "a\\nb"},
		{"\"a\\u0000\"", "a"},
		{"7", "7"},
		{"\"0123456789012345678901234567890123456789012345678901234567890123\"",
		 "0123456789012345678901234567890123456789012345678901234567890123"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char *spec = text_new("{" CRI_NAME "%s}", names[i].json);
		char *pod = text_new("{\"" OUR_KEY ".%s\":\"3G\"}", names[i].key);

		assert_int_equal(ask(pod, spec), 0);
		assert_false(request_exists(&request));
		free(spec);
		free(pod);
	}
}

static void an_unreadable_size_of_its_own_is_an_error(void **state)
{
	static const char app[] = "{" CRI_NAME "\"app\"}";

	(void)state;
	assert_int_equal(ask("{\"" OUR_KEY "\":\"2G\",\"" OUR_KEY ".app\":\"3X\"}", app), -EINVAL);
	assert_string_equal(request.key, OUR_KEY ".app");
	assert_contains(why.text, OUR_KEY ".app: \"3X\" is not a size");
	assert_int_equal(ask("{\"" OUR_KEY ".app\":\"2G\",\"" OUR_KEY ".app\":\"3G\"}", app),
			 -EINVAL);
	assert_string_equal(request.key, OUR_KEY);
	assert_contains(why.text, OUR_KEY ".app");
}

static void the_option_is_a_request_of_its_own_origin(void **state)
{
	(void)state;
	assert_int_equal(policy_request_option("4g", &request, &why), 0);
	assert_true(request.bytes == 4 * GIB);
	assert_string_equal(request_source(&request, ':'), "option:size");
	assert_string_equal(request.text, "4g");
	assert_int_equal(policy_request_option("4 GB", &request, &why), 0);
	assert_true(request.bytes == 4 * GIB);
}

static void an_option_that_cannot_be_parsed_is_no_request(void **state)
{
	(void)state;
	assert_int_equal(policy_request_option("4X", &request, &why), -EINVAL);
	assert_false(request_exists(&request));
	assert_contains(why.text, "--storage-opt size: \"4X\" is not a size");
}

static void refuse(const char *text, int err, const char *reason)
{
	assert_int_equal(ask(text, NULL), -err);
	assert_true(request_exists(&request));
	assert_int_equal(request.bytes, 0);
	assert_string_equal(request.key, OUR_KEY);
	assert_contains(why.text, OUR_KEY ": ");
	assert_contains(why.text, reason);
}

static void an_unreadable_request_is_an_error(void **state)
{
	(void)state;
	refuse("{\"" OUR_KEY "\":\"lots\"}", EINVAL, "\"lots\" is not a size");
	refuse("{\"" OUR_KEY "\":\"\"}", EINVAL, "is not a size");
	refuse("{\"" OUR_KEY "\":\"+1G\"}", EINVAL, "is not a size");
	refuse("{\"" OUR_KEY "\":\"9E99\"}", EINVAL, "is not a size");
	refuse("{\"" OUR_KEY "\":\"99999P\"}", ERANGE, "too large");
	refuse("{\"" OUR_KEY "\":42}", EINVAL, "expected a string");
	refuse("{\"" OUR_KEY "\":null}", EINVAL, "expected a string");
	refuse("{\"" OUR_KEY "\":\"1G\",\"" OUR_KEY "\":\"1G\"}", EINVAL, "duplicate key");
	refuse("{\"" OUR_KEY "\":\"1G\\u0000\"}", EINVAL, "NUL");
}

static void finds_the_largest_size_of_all_rules(void **state)
{
	struct request asked = {.origin = ORIGIN_ANNOTATION, .bytes = TIB};

	(void)state;
	assert_int_equal(policy_allow(&policy_builtin, &asked, &why), 0);
	asked.bytes++;
	assert_int_equal(policy_allow(&policy_builtin, &asked, &why), -EPERM);
	assert_contains(why.text, "max_size is 1 TiB by default");
}

/* --- from what is asked to what is had ------------------------------------------------------- */

static const struct facts docker = {.engine = "docker"};
static struct policy policy;

/* A request of @text (NULL: none) under @policy; returns what policy_decide() returns. */
static int decide(const char *text)
{
	char *json = NULL;
	int r;

	if (text)
		assert_true(asprintf(&json, "{\"" OUR_KEY "\":\"%s\"}", text) > 0);
	r = ask(json, NULL);
	free(json);
	return policy_decide(&policy, &docker, r, &request, NULL, &why);
}

/* Fetching them may read engines' files. */
static void says_which_properties_its_rules_need(void **state)
{
	static const struct rule rules[] = {{.name = "a", .engine = "docker"},
					    {.name = "b", .ns = "*"},
					    {.name = "c", .image = "*"}};
	struct policy some = policy_builtin;

	(void)state;
	some.rules = rules;
	some.n_rules = 1;
	assert_false(policy_needs_namespace(&some) || policy_needs_image(&some));
	some.n_rules = 2;
	assert_true(policy_needs_namespace(&some));
	assert_false(policy_needs_image(&some));
	some.n_rules = 3;
	assert_true(policy_needs_image(&some));
}

static void gives_a_verdict_for_each_rule_until_one_matches(void **state)
{
	static const struct rule rules[] = {{.name = "a", .engine = "podman"},
					    {.name = "b", .engine = "docker"},
					    {.name = "c"}};
	struct rule_verdict verdicts[3] = {{.reached = false}};
	struct policy some = policy_builtin;

	(void)state;
	some.rules = rules;
	some.n_rules = 3;
	assert_ptr_equal(policy_rule(&some, &docker, verdicts), &rules[1]);
	assert_true(verdicts[0].reached && !verdicts[0].matches);
	assert_string_equal(verdicts[0].why.text, "engine \"docker\" does not match \"podman\"");
	assert_true(verdicts[1].reached && verdicts[1].matches);
	assert_false(verdicts[2].reached || verdicts[2].matches);
}

static void gets(const char *text, uint64_t bytes, const char *source)
{
	if (decide(text) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(request.bytes, bytes);
	assert_int_equal(request_exists(&request), bytes > 0);
	if (bytes)
		assert_string_equal(request_source(&request, ':'), source);
}

static void is_denied(const char *text, const char *reason)
{
	assert_int_equal(decide(text), -EPERM);
	assert_string_equal(why.text, reason);
}

#define BY_ANNOTATION "annotation:" OUR_KEY

static int setup(void **state)
{
	(void)state;
	policy = policy_builtin;
	return 0;
}

static void a_default_applies_without_a_request(void **state)
{
	(void)state;
	gets(NULL, 0, NULL);
	assert_false(policy_gives(&policy));
	policy.default_bytes = 4 * GIB;
	assert_true(policy_gives(&policy));
	gets(NULL, 4 * GIB, "default");
	assert_true(request_is_implicit(&request));
	gets("2G", 2 * GIB, BY_ANNOTATION);
	assert_false(request_is_implicit(&request));
	policy.enabled = false;
	assert_false(policy_gives(&policy));
}

static void the_first_rule_that_matches_applies(void **state)
{
	static const struct rule rules[] = {
		{.name = "p", .engine = "podman", .has_size = true, .size_bytes = GIB},
		{.name = "d", .engine = "docker", .has_size = true, .size_bytes = 6 * GIB},
		{.name = "all", .has_size = true, .size_bytes = 7 * GIB},
	};

	(void)state;
	policy.default_bytes = 4 * GIB;
	policy.rules = rules;
	policy.n_rules = COUNT_OF(rules);
	gets(NULL, 6 * GIB, "rule:d");
	assert_true(request_is_implicit(&request));
	gets("2G", 2 * GIB, BY_ANNOTATION);
	assert_ptr_equal(request.rule, &rules[1]);
	policy.n_rules = 1;
	gets(NULL, 4 * GIB, "default");
	assert_null(request.rule);
}

static void a_rule_may_leave_the_size_open_or_give_none(void **state)
{
	static const struct rule silent = {.name = "s"}, none = {.name = "n", .has_size = true};

	(void)state;
	policy.default_bytes = 4 * GIB;
	policy.n_rules = 1;
	policy.rules = &silent;
	gets(NULL, 4 * GIB, "default");
	policy.rules = &none;
	gets(NULL, 0, NULL);
	gets("2G", 2 * GIB, BY_ANNOTATION);
}

static void a_rule_may_ignore_or_deny_requests(void **state)
{
	static const struct rule ignore = {.name = "i",
					   .has_size = true,
					   .size_bytes = 6 * GIB,
					   .request = RULE_REQUEST_IGNORE},
				 deny = {.name = "d",
					 .has_size = true,
					 .size_bytes = 6 * GIB,
					 .request = RULE_REQUEST_DENY};

	(void)state;
	policy.n_rules = 1;
	policy.rules = &ignore;
	gets("2G", 6 * GIB, "rule:i");
	gets("lots", 6 * GIB, "rule:i");
	gets("2P", 6 * GIB, "rule:i");
	policy.rules = &deny;
	gets(NULL, 6 * GIB, "rule:d");
	is_denied("2G", "rule \"d\" denies size requests");
	is_denied("lots", "rule \"d\" denies size requests");
}

static void a_request_above_the_limit_is_denied_or_clamped(void **state)
{
	static const struct rule more = {.name = "more", .max_bytes = 2 * TIB},
				 less = {.name = "less",
					 .max_bytes = 2 * GIB,
					 .file = "c.json",
					 .line = 3};

	(void)state;
	is_denied("1025G",
		  "max_size is 1 TiB by default; set a larger one in " CONFIG_DIR "/config.json");
	policy.on_exceed = ON_EXCEED_CLAMP;
	gets("1025G", TIB, BY_ANNOTATION);
	assert_int_equal(request.exceeded_bytes, 1025 * GIB);
	gets("1T", TIB, BY_ANNOTATION);
	assert_int_equal(request.exceeded_bytes, 0);
	policy.n_rules = 1;
	policy.rules = &less;
	gets("4G", 2 * GIB, BY_ANNOTATION);
	policy.on_exceed = ON_EXCEED_DENY;
	is_denied("4G", "max_size of rule \"less\" (c.json:3) is 2 GiB; raise it there");
	policy.rules = &more;
	gets("2T", 2 * TIB, BY_ANNOTATION);
	is_denied("2049G", "max_size of rule \"more\" is 2 TiB; raise it there");
	assert_true(policy_largest_bytes(&policy) == 2 * TIB);
	policy.rules = &less;
	assert_true(policy_largest_bytes(&policy) == TIB);
	/* The operator's own sizes are limited by a rule with a smaller limit. */
	policy.default_bytes = 4 * GIB;
	gets(NULL, 2 * GIB, "default");
}

static void an_unreadable_request_stays_an_error(void **state)
{
	(void)state;
	policy.default_bytes = 4 * GIB;
	assert_int_equal(decide("lots"), -EINVAL);
	assert_contains(why.text, "is not a size");
	assert_true(request_exists(&request));
}

static void knows_which_pools_are_allowed(void **state)
{
	static const char *const pools[] = {"fast", "docker-*-pool", NULL};
	static const char *const none[] = {NULL};

	(void)state;
	assert_true(policy_allows_pool("anything", &policy));
	policy.pools = pools;
	assert_true(policy_allows_pool("fast", &policy));
	assert_true(policy_allows_pool("docker-8:1-42-pool", &policy));
	assert_false(policy_allows_pool("faster", &policy));
	policy.pools = none;
	assert_false(policy_allows_pool("fast", &policy));
}

/* An interrupted growth: its source is unknown by now. */
static void finishes_only_growths_that_policy_still_allows(void **state)
{
	struct rule rules[] = {{.name = "all", .max_bytes = 4 * GIB}};

	(void)state;
	policy.max_bytes = 8 * GIB;
	assert_int_equal(policy_allow_again(&policy, &docker, 8 * GIB, &why), 0);
	assert_int_equal(policy_allow_again(&policy, &docker, 8 * GIB + 1, &why), -EPERM);
	assert_contains(why.text, "max_size is 8 GiB");
	policy.on_exceed = ON_EXCEED_CLAMP;
	assert_int_equal(policy_allow_again(&policy, &docker, 8 * GIB + 1, &why), -EPERM);
	assert_contains(why.text, "no longer");
	policy.rules = rules;
	policy.n_rules = 1;
	assert_int_equal(policy_allow_again(&policy, &docker, 8 * GIB, &why), -EPERM);
	assert_int_equal(policy_allow_again(&policy, &docker, 4 * GIB, &why), 0);
	rules[0].request = RULE_REQUEST_DENY;
	assert_int_equal(policy_allow_again(&policy, &docker, 4 * GIB, &why), -EPERM);
	assert_contains(why.text, "rule \"all\"");
	rules[0].has_size = true;
	rules[0].size_bytes = 4 * GIB;
	assert_int_equal(policy_allow_again(&policy, &docker, 4 * GIB, &why), 0);
	rules[0].request = RULE_REQUEST_IGNORE;
	assert_int_equal(policy_allow_again(&policy, &docker, 4 * GIB, &why), 0);
	rules[0].size_bytes = 2 * GIB;
	assert_int_equal(policy_allow_again(&policy, &docker, 4 * GIB, &why), -EPERM);
}

static bool is_sandbox(const char *first, const char *second)
{
	annotate(first, second);
	return policy_is_sandbox(annotations, 2);
}

static void knows_sandboxes(void **state)
{
	static const char cri[] = "{\"io.kubernetes.cri.container-type\":\"sandbox\"}";
	static const char crio[] = "{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\"}";

	(void)state;
	assert_true(is_sandbox(cri, NULL));
	assert_true(is_sandbox(NULL, cri));
	assert_true(is_sandbox(crio, "{}"));
	assert_true(is_sandbox("{}", crio));
	assert_false(is_sandbox(NULL, NULL));
	assert_false(is_sandbox("{}", "{\"x\":\"sandbox\"}"));
	assert_false(is_sandbox("{\"io.kubernetes.cri.container-type\":\"container\"}", NULL));
	assert_false(is_sandbox("{\"io.kubernetes.cri.container-type\":\"sandbox2\"}", NULL));
	assert_false(is_sandbox("{\"io.kubernetes.cri.container-type\":1}", NULL));
}

static void the_builtin_policy_is_the_documented_one(void **state)
{
	(void)state;
	assert_string_equal(policy_builtin.keys[0], OUR_KEY);
	assert_string_equal(policy_builtin.keys[1], THEIR_KEY);
	assert_null(policy_builtin.keys[2]);
	assert_int_equal(policy_builtin.on_failure.request, ON_FAILURE_FAIL);
	assert_int_equal(policy_builtin.on_failure.not_applicable, ON_FAILURE_WARN);
	assert_int_equal(policy_builtin.pool_guard.data_percent, 95);
	assert_int_equal(policy_builtin.pool_guard.metadata_percent, 90);
	assert_int_equal(policy_builtin.timeout_ms, 10000);
	assert_string_equal(policy_builtin.runtime, "/usr/bin/runc");
}

#define POLICY_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_properties_its_rules_need),
		cmocka_unit_test(gives_a_verdict_for_each_rule_until_one_matches),
		cmocka_unit_test_teardown(without_a_key_there_is_no_request, teardown),
		cmocka_unit_test_teardown(finds_a_request, teardown),
		cmocka_unit_test_teardown(the_first_key_wins, teardown),
		cmocka_unit_test_teardown(one_container_of_a_pod_has_a_size_of_its_own, teardown),
		cmocka_unit_test_teardown(finds_the_text_of_a_containers_own_maximum, teardown),
		cmocka_unit_test_teardown(a_name_that_kubernetes_forbids_is_ignored, teardown),
		cmocka_unit_test_teardown(an_unreadable_size_of_its_own_is_an_error, teardown),
		cmocka_unit_test(the_option_is_a_request_of_its_own_origin),
		cmocka_unit_test(an_option_that_cannot_be_parsed_is_no_request),
		cmocka_unit_test_teardown(an_unreadable_request_is_an_error, teardown),
		cmocka_unit_test_teardown(finds_the_largest_size_of_all_rules, teardown),
		POLICY_TEST(a_default_applies_without_a_request),
		POLICY_TEST(the_first_rule_that_matches_applies),
		POLICY_TEST(a_rule_may_leave_the_size_open_or_give_none),
		POLICY_TEST(a_rule_may_ignore_or_deny_requests),
		POLICY_TEST(a_request_above_the_limit_is_denied_or_clamped),
		POLICY_TEST(an_unreadable_request_stays_an_error),
		POLICY_TEST(knows_which_pools_are_allowed),
		POLICY_TEST(finishes_only_growths_that_policy_still_allows),
		cmocka_unit_test_teardown(knows_sandboxes, teardown),
		cmocka_unit_test_teardown(the_builtin_policy_is_the_documented_one, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
