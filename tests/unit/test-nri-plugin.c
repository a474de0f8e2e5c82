/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-plugin.h"

#include "base/engine-names.h"
#include "nri-fixture.h"

#define PLUGIN	"nri.pkg.api.v1alpha1.Plugin"
#define NOTHING ((const char *const[]){NULL})
#define ASKING	((const char *const[]){"io.oci-thin-grow.size=4G", NULL})

static struct nri_plugin plugin;
static struct nri_buffer out;
static struct nri_message answer;
static struct why why;

static int setup(void **state)
{
	(void)state;
	plugin = (struct nri_plugin){0};
	why.text[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nri_buffer_free(&out);
	nri_buffer_free(&answer.body);
	return 0;
}

/* The only message in @out. */
static void read_out(void)
{
	struct nri_reader reader = {0};
	struct nri_span rest = nri_span_of(&out);

	nri_buffer_free(&answer.body);
	answer.channel = 0;
	while (rest.len) {
		ssize_t n;

		assert_int_equal(answer.channel, 0);
		n = nri_read(&reader, rest, &answer);
		assert_true(n > 0);
		rest.at += n;
		rest.len -= (size_t)n;
	}
	assert_int_not_equal(answer.channel, 0);
	nri_buffer_free(&out);
}

static struct nri_buffer request_for(const char *service, const char *method,
				     struct nri_span payload)
{
	struct nri_buffer request = {0};

	nri_put_text(&request, 1, service);
	nri_put_text(&request, 2, method);
	if (payload.len)
		nri_put_bytes(&request, 3, payload);
	nri_put_number(&request, 4, 2000000000);
	return request;
}

static int call_of(const char *service, const char *method, struct nri_span payload,
		   const struct policy *policy)
{
	struct nri_message message = {.channel = NRI_TO_PLUGIN,
				      .stream = 7,
				      .type = NRI_REQUEST,
				      .body = request_for(service, method, payload)};
	int r = nri_plugin_take(&plugin, &message, policy, &out, &why);

	nri_buffer_free(&message.body);
	if (r >= 0) {
		read_out();
		assert_int_equal(answer.channel, NRI_TO_PLUGIN);
		assert_int_equal(answer.stream, 7);
		assert_int_equal(answer.type, NRI_RESPONSE);
	}
	return r;
}

static int call(const char *method, struct nri_span payload)
{
	return call_of(PLUGIN, method, payload, &policy_builtin);
}

static const struct nri_span none = {NULL, 0};

/* Of the answer, which is no error. */
static struct nri_span payload_of_answer(void)
{
	struct nri_span found = {NULL, 0}, status;

	assert_int_equal(nri_find_bytes(nri_span_of(&answer.body), 1, &status), 0);
	assert_true(nri_find_bytes(nri_span_of(&answer.body), 2, &found) >= 0);
	return found;
}

static void it_registers(void **state)
{
	struct nri_span found, payload;

	(void)state;
	nri_plugin_register(&out);
	read_out();
	assert_int_equal(answer.channel, NRI_TO_ENGINE);
	assert_int_equal(answer.stream, 1);
	assert_int_equal(answer.type, NRI_REQUEST);
	assert_int_equal(nri_find_bytes(nri_span_of(&answer.body), 1, &found), 1);
	assert_true(nri_is(found, "nri.pkg.api.v1alpha1.Runtime"));
	assert_int_equal(nri_find_bytes(nri_span_of(&answer.body), 2, &found), 1);
	assert_true(nri_is(found, "RegisterPlugin"));
	assert_int_equal(nri_find_bytes(nri_span_of(&answer.body), 3, &payload), 1);
	assert_int_equal(nri_find_bytes(payload, 1, &found), 1);
	assert_true(nri_is(found, "oci-thin-grow"));
	assert_int_equal(nri_find_bytes(payload, 2, &found), 1);
	assert_true(nri_is(found, "99"));
}

static void it_subscribes_to_the_creation_of_containers_only(void **state)
{
	struct nri_buffer configure = {0};
	uint64_t events;

	(void)state;
	nri_put_text(&configure, 2, "containerd");
	nri_put_text(&configure, 3, "2.1.9");
	assert_int_equal(call("Configure", nri_span_of(&configure)), 0);
	assert_int_equal(nri_find_number(payload_of_answer(), 2, &events), 1);
	assert_int_equal(events, 8);
	assert_string_equal(plugin.engine, "containerd");
	assert_false(plugin.ready);
	nri_buffer_free(&configure);
	nri_put_text(&configure, 2, "a name that is longer than the place that it has");
	assert_int_equal(call("Configure", nri_span_of(&configure)), 0);
	assert_string_equal(plugin.engine, "a name that is longer than the p");
	nri_buffer_free(&configure);
}

static void cri_o_is_called_as_everywhere(void **state)
{
	struct nri_buffer configure = {0};

	(void)state;
	nri_put_text(&configure, 2, "cri-o");
	assert_int_equal(call("Configure", nri_span_of(&configure)), 0);
	assert_string_equal(plugin.engine, ENGINE_CRIO);
	nri_buffer_free(&configure);
}

static void it_is_ready_after_the_last_part_of_what_runs(void **state)
{
	struct nri_buffer more = {0};
	uint64_t answered;

	(void)state;
	nri_put_number(&more, 3, 1);
	assert_int_equal(call("Synchronize", nri_span_of(&more)), 0);
	assert_int_equal(nri_find_number(payload_of_answer(), 2, &answered), 1);
	assert_int_equal(answered, 1);
	assert_false(plugin.ready);
	assert_int_equal(call("Synchronize", none), 0);
	assert_int_equal(payload_of_answer().len, 0);
	assert_true(plugin.ready);
	nri_buffer_free(&more);
}

static void a_pod_that_requests_a_size_is_adjusted(void **state)
{
	struct nri_buffer create = create_request(ASKING, NOTHING, NULL, 0);
	struct nri_span found;

	(void)state;
	assert_int_equal(call("CreateContainer", nri_span_of(&create)), 0);
	assert_int_equal(nri_find_bytes(payload_of_answer(), RESPONSE_ADJUST, &found), 1);
	nri_buffer_free(&create);
	create = create_request(NOTHING, NOTHING, NULL, 0);
	assert_int_equal(call("CreateContainer", nri_span_of(&create)), 0);
	assert_int_equal(answer.body.len, 0);
	nri_buffer_free(&create);
}

static void switched_off_it_adjusts_nothing(void **state)
{
	struct nri_buffer create = create_request(ASKING, NOTHING, NULL, 0);

	(void)state;
	assert_int_equal(call_of(PLUGIN, "CreateContainer", nri_span_of(&create), NULL), 0);
	assert_int_equal(answer.body.len, 0);
	nri_buffer_free(&create);
}

static void a_request_that_cannot_be_read_does_not_fail_the_container(void **state)
{
	static const uint8_t bad[] = {0x0a, 0x7f, 'x'};

	(void)state;
	assert_int_equal(call("CreateContainer", (struct nri_span){bad, sizeof(bad)}), 1);
	assert_contains(why.text, "cannot be read");
	assert_int_equal(answer.body.len, 0);
}

static void is_unimplemented(const char *service, const char *method)
{
	struct nri_span status;
	uint64_t code;

	assert_int_equal(call_of(service, method, none, &policy_builtin), 0);
	assert_int_equal(nri_find_bytes(nri_span_of(&answer.body), 1, &status), 1);
	assert_int_equal(nri_find_number(status, 1, &code), 1);
	assert_int_equal(code, 12);
}

static void other_methods_are_not_implemented(void **state)
{
	(void)state;
	is_unimplemented(PLUGIN, "StopContainer");
	is_unimplemented(PLUGIN, "");
	is_unimplemented(PLUGIN, "CreateContainers");
	is_unimplemented("nri.pkg.api.v1beta1.Plugin", "CreateContainer");
	assert_int_equal(call("Shutdown", none), 0);
	assert_int_equal(answer.body.len, 0);
}

/* All containers of a node, sent by an engine that does not divide them. */
static void a_message_that_was_too_long_is_agreed_to(void **state)
{
	struct nri_message message = {.channel = NRI_TO_PLUGIN,
				      .stream = 3,
				      .type = NRI_REQUEST,
				      .cut = true,
				      .body = request_for(PLUGIN, "Synchronize", none)};

	(void)state;
	nri_append(&message.body, "\x1a\xff\xff\xff\x02part", 9);
	assert_int_equal(nri_plugin_take(&plugin, &message, &policy_builtin, &out, &why), 0);
	assert_true(plugin.ready);
	message.cut = false;
	nri_buffer_free(&out);
	assert_int_equal(nri_plugin_take(&plugin, &message, &policy_builtin, &out, &why), -EPROTO);
	assert_int_equal(out.len, 0);
	nri_buffer_free(&message.body);
}

static int take_answer(uint64_t code, const char *text)
{
	struct nri_message message = {.channel = NRI_TO_ENGINE, .stream = 1, .type = NRI_RESPONSE};
	struct nri_buffer status = {0};
	int r;

	nri_put_number(&status, 1, code);
	nri_put_text(&status, 2, text);
	nri_put_message(&message.body, 1, &status);
	r = nri_plugin_take(&plugin, &message, &policy_builtin, &out, &why);
	nri_buffer_free(&message.body);
	return r;
}

static void a_refused_registration_ends_the_connection(void **state)
{
	(void)state;
	assert_int_equal(take_answer(0, ""), 0);
	assert_int_equal(take_answer(2, "no\nplugins"), -EPROTO);
	assert_string_equal(why.text, "it refused us: \"no\\nplugins\"");
	assert_int_equal(out.len, 0);
}

static void other_kinds_of_messages_are_passed_over(void **state)
{
	struct nri_message message = {.channel = NRI_TO_PLUGIN, .type = 3};

	(void)state;
	assert_int_equal(nri_plugin_take(&plugin, &message, &policy_builtin, &out, &why), 0);
	message = (struct nri_message){.channel = NRI_TO_ENGINE, .type = NRI_REQUEST};
	assert_int_equal(nri_plugin_take(&plugin, &message, &policy_builtin, &out, &why), 0);
	assert_int_equal(out.len, 0);
}

static void mutated_messages_are_answered_or_end_the_connection(void **state)
{
	struct nri_buffer create = create_request(ASKING, NOTHING, NULL, 0);
	struct nri_buffer request = request_for(PLUGIN, "CreateContainer", nri_span_of(&create));

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct nri_span copy = exact_copy(nri_span_of(&request), request.len);
		struct nri_message message = {
			.channel = NRI_TO_PLUGIN,
			.stream = 5,
			.type = NRI_REQUEST,
			.body = {.at = (uint8_t *)(uintptr_t)copy.at, .len = copy.len},
		};
		int r;

		mutate(copy);
		r = nri_plugin_take(&plugin, &message, &policy_builtin, &out, &why);
		assert_true(r == 0 || r == 1 || r == -EPROTO);
		assert_int_equal(out.len > 0, r >= 0);
		nri_buffer_free(&out);
		free_copy(copy);
	}
	nri_buffer_free(&create);
	nri_buffer_free(&request);
}

#define PLUGIN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLUGIN_TEST(it_registers),
		PLUGIN_TEST(it_subscribes_to_the_creation_of_containers_only),
		PLUGIN_TEST(cri_o_is_called_as_everywhere),
		PLUGIN_TEST(it_is_ready_after_the_last_part_of_what_runs),
		PLUGIN_TEST(a_pod_that_requests_a_size_is_adjusted),
		PLUGIN_TEST(switched_off_it_adjusts_nothing),
		PLUGIN_TEST(a_request_that_cannot_be_read_does_not_fail_the_container),
		PLUGIN_TEST(other_methods_are_not_implemented),
		PLUGIN_TEST(a_message_that_was_too_long_is_agreed_to),
		PLUGIN_TEST(a_refused_registration_ends_the_connection),
		PLUGIN_TEST(other_kinds_of_messages_are_passed_over),
		PLUGIN_TEST(mutated_messages_are_answered_or_end_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
