/* SPDX-License-Identifier: Apache-2.0 */
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
	return policy_request(&policy_builtin, "annotation", annotations, 2, &request, &why);
}

static void expect(const char *first, const char *second, uint64_t bytes, const char *key)
{
	assert_int_equal(ask(first, second), 0);
	assert_true(request.asked);
	assert_true(request.bytes == bytes);
	assert_string_equal(request.key, key);
	assert_string_equal(request.origin, "annotation");
}

static void nothing_asked_is_no_request(void **state)
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
	assert_false(request.asked);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_int_equal(ask(others[i], others[i]), 0);
		assert_false(request.asked);
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

static void the_first_wins(void **state)
{
	(void)state;
	expect("{\"" OUR_KEY "\":\"1G\"}", "{\"" OUR_KEY "\":\"2G\"}", GIB, OUR_KEY);
	/* our own key before the other, wherever it is */
	expect("{\"" THEIR_KEY "\":\"1G\",\"" OUR_KEY "\":\"2G\"}", NULL, 2 * GIB, OUR_KEY);
	expect("{\"" THEIR_KEY "\":\"1G\"}", "{\"" OUR_KEY "\":\"2G\"}", 2 * GIB, OUR_KEY);
	/* what does not win is not read */
	expect("{\"" OUR_KEY "\":\"1G\",\"" THEIR_KEY "\":\"?\"}", "{\"" OUR_KEY "\":1}", GIB,
	       OUR_KEY);
}

static void refuse(const char *text, int err, const char *reason)
{
	assert_int_equal(ask(text, NULL), -err);
	assert_true(request.asked);
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

static void knows_the_largest_size(void **state)
{
	struct request asked = {.asked = true, .bytes = TIB};

	(void)state;
	assert_int_equal(policy_allow(&policy_builtin, &asked, &why), 0);
	asked.bytes++;
	assert_int_equal(policy_allow(&policy_builtin, &asked, &why), -EPERM);
	assert_contains(why.text, "no more than 1 TiB");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_asked_is_no_request, teardown),
		cmocka_unit_test_teardown(finds_a_request, teardown),
		cmocka_unit_test_teardown(the_first_wins, teardown),
		cmocka_unit_test_teardown(an_unreadable_request_is_an_error, teardown),
		cmocka_unit_test_teardown(knows_the_largest_size, teardown),
		cmocka_unit_test_teardown(knows_sandboxes, teardown),
		cmocka_unit_test_teardown(the_builtin_policy_is_the_documented_one, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
