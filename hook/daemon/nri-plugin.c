/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-plugin.h"

#include "base/count.h"
#include "base/engine-names.h"
#include "base/minmax.h"
#include "base/quote.h"
#include "daemon/nri-adjust.h"

#include <errno.h>
#include <string.h>

#define PLUGIN_SERVICE	"nri.pkg.api.v1alpha1.Plugin"
#define RUNTIME_SERVICE "nri.pkg.api.v1alpha1.Runtime"

/*
 * Plugins are called in the order of their indices: the last one sees which annotations others have
 * set.
 */
#define PLUGIN_NAME  "oci-thin-grow"
#define PLUGIN_INDEX "99"

/* ttrpc: request.proto; google.rpc.Status */
enum ttrpc_request { REQUEST_SERVICE = 1, REQUEST_METHOD = 2, REQUEST_PAYLOAD = 3 };
enum ttrpc_response { RESPONSE_STATUS = 1, RESPONSE_PAYLOAD = 2 };
enum ttrpc_status { STATUS_CODE = 1, STATUS_MESSAGE = 2 };
#define CODE_UNIMPLEMENTED 12

/* NRI: pkg/api/api.proto */
enum register_request { REGISTER_NAME = 1, REGISTER_INDEX = 2 };
enum configure_request { CONFIGURE_ENGINE = 2 };
enum configure_response { CONFIGURE_EVENTS = 2 };
enum synchronize { SYNCHRONIZE_MORE = 3, SYNCHRONIZED_MORE = 2 };
#define EVENT_CREATE_CONTAINER 4

struct call {
	const struct policy *policy;
	struct nri_span payload;
	struct nri_buffer *answer;
	struct why *why;
};

/* CRI-O has another name here than in rules and in the output of doctor. */
static void set_engine(struct nri_plugin *plugin, struct nri_span name)
{
	static const struct nri_span crio = {(const uint8_t *)ENGINE_CRIO, sizeof(ENGINE_CRIO) - 1};

	if (nri_is(name, "cri-o"))
		name = crio;
	name.len = smaller(name.len, NRI_ENGINE_MAX);
	if (name.len)
		memcpy(plugin->engine, name.at, name.len);
	plugin->engine[name.len] = '\0';
}

static int configure(struct nri_plugin *plugin, const struct call *call)
{
	struct nri_span engine = {0};

	if (nri_find_bytes(call->payload, CONFIGURE_ENGINE, &engine) < 0)
		return why_set(call->why, EPROTO, "its Configure cannot be read");
	set_engine(plugin, engine);
	nri_put_number(call->answer, CONFIGURE_EVENTS, 1U << (EVENT_CREATE_CONTAINER - 1));
	return 0;
}

/* Who runs already is not ours to change. */
static int synchronize(struct nri_plugin *plugin, const struct call *call)
{
	uint64_t more = 0;

	if (nri_find_number(call->payload, SYNCHRONIZE_MORE, &more) < 0)
		return why_set(call->why, EPROTO, "its Synchronize cannot be read");
	if (more)
		nri_put_number(call->answer, SYNCHRONIZED_MORE, 1);
	else
		plugin->ready = true;
	return 0;
}

/* Never fails a container. */
static int create_container(struct nri_plugin *plugin, const struct call *call)
{
	int r = call->policy ? nri_adjust(call->policy, call->payload, call->answer) : 0;

	(void)plugin;
	if (r == 0)
		return 0;
	nri_buffer_free(call->answer);
	why_set(call->why, -r,
		"NRI: a request to create a container cannot be read (%s), so that it gets no size",
		strerror(-r));
	return 1;
}

static int agree(struct nri_plugin *plugin, const struct call *call)
{
	(void)plugin;
	(void)call;
	return 0;
}

static const struct method {
	const char *name;
	int (*run)(struct nri_plugin *plugin, const struct call *call);
} methods[] = {
	{"CreateContainer", create_container},
	{"Configure", configure},
	{"Synchronize", synchronize},
	{"Shutdown", agree},
};

static const struct method *method_called(struct nri_span service, struct nri_span name)
{
	for (size_t i = 0; i < COUNT(methods) && nri_is(service, PLUGIN_SERVICE); i++) {
		if (nri_is(name, methods[i].name))
			return &methods[i];
	}
	return NULL;
}

/* Of a message that was too long only the names remain: what it is about is not looked at. */
static int read_request(const struct nri_message *message, struct nri_span *ret_service,
			struct nri_span *ret_method, struct nri_span *ret_payload)
{
	struct nri_span body = nri_span_of(&message->body);
	struct nri_field field;
	int r;

	while ((r = nri_next(&body, &field)) > 0) {
		if (!field.is_bytes)
			continue;
		if (field.number == REQUEST_SERVICE)
			*ret_service = field.bytes;
		else if (field.number == REQUEST_METHOD)
			*ret_method = field.bytes;
		else if (field.number == REQUEST_PAYLOAD)
			*ret_payload = field.bytes;
	}
	return message->cut ? 0 : r;
}

static void put_unimplemented(struct nri_buffer *response)
{
	struct nri_buffer status = {0};

	nri_put_number(&status, STATUS_CODE, CODE_UNIMPLEMENTED);
	nri_put_text(&status, STATUS_MESSAGE, "not implemented");
	nri_put_message(response, RESPONSE_STATUS, &status);
}

static int answer(struct nri_plugin *plugin, const struct nri_message *message,
		  const struct policy *policy, struct nri_buffer *response, struct why *why)
{
	struct nri_buffer payload = {0};
	struct call call = {.policy = policy, .answer = &payload, .why = why};
	struct nri_span service = {0}, name = {0};
	const struct method *method;
	int r = 0;

	if (read_request(message, &service, &name, &call.payload) < 0)
		return why_set(why, EPROTO, "a request cannot be read");
	method = method_called(service, name);
	if (method)
		r = method->run(plugin, &call);
	else
		put_unimplemented(response);
	/* Without its answer to Configure, NRI would ask about everything. */
	if (r >= 0 && payload.error)
		r = why_no_memory(why);
	if (payload.len)
		nri_put_message(response, RESPONSE_PAYLOAD, &payload);
	nri_buffer_free(&payload);
	return r;
}

/* Only one answer is waited for. */
static int take_response(const struct nri_message *message, struct why *why)
{
	struct nri_span status = {0}, text = {0};
	uint64_t code = 0;
	int r = nri_find_bytes(nri_span_of(&message->body), RESPONSE_STATUS, &status);

	if (r > 0)
		r = nri_find_number(status, STATUS_CODE, &code);
	if (r >= 0)
		r = nri_find_bytes(status, STATUS_MESSAGE, &text);
	if (r < 0)
		return why_set(why, EPROTO, "the answer to our registration cannot be read");
	if (code)
		return why_set(why, EPROTO, "it refused us: %s",
			       quote_n((const char *)text.at, text.len));
	return 0;
}

int nri_plugin_take(struct nri_plugin *plugin, const struct nri_message *message,
		    const struct policy *policy, struct nri_buffer *to, struct why *why)
{
	struct nri_buffer response = {0};
	int r;

	if (message->channel == NRI_TO_ENGINE && message->type == NRI_RESPONSE)
		return take_response(message, why);
	if (message->channel != NRI_TO_PLUGIN || message->type != NRI_REQUEST)
		return 0; /* for later versions */
	r = answer(plugin, message, policy, &response, why);
	if (r >= 0 && response.error)
		r = why_no_memory(why);
	if (r >= 0)
		nri_write(to, NRI_TO_PLUGIN, message->stream, NRI_RESPONSE, nri_span_of(&response));
	nri_buffer_free(&response);
	return r >= 0 && to->error ? why_no_memory(why) : r;
}

void nri_plugin_register(struct nri_buffer *to)
{
	struct nri_buffer request = {0}, payload = {0};

	nri_put_text(&payload, REGISTER_NAME, PLUGIN_NAME);
	nri_put_text(&payload, REGISTER_INDEX, PLUGIN_INDEX);
	nri_put_text(&request, REQUEST_SERVICE, RUNTIME_SERVICE);
	nri_put_text(&request, REQUEST_METHOD, "RegisterPlugin");
	nri_put_message(&request, REQUEST_PAYLOAD, &payload);
	nri_write(to, NRI_TO_ENGINE, 1, NRI_REQUEST, nri_span_of(&request));
	nri_buffer_free(&request);
}
