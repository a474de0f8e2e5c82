/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri.h"

#include "base/log.h"
#include "fake-log.h"
#include "nri-fixture.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PLUGIN	"nri.pkg.api.v1alpha1.Plugin"
#define NOTHING ((const char *const[]){NULL})
#define ASKING	((const char *const[]){"io.oci-thin-grow.size=4G", NULL})

static struct nri nri;
static char *dir, *path;
static int listener, engine;
static struct nri_reader reader; /* the engine's */
static uint32_t stream;
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	dir = new_directory();
	path = path_in(dir, "nri.sock");
	nri = (struct nri)NRI_CLOSED;
	listener = engine = -EBADF;
	reader = (struct nri_reader){0};
	stream = 1;
	now = 1000;
	fake_syslog = (struct fake_syslog){0};
	return 0;
}

static void engine_down(void)
{
	close(engine);
	close(listener);
	engine = listener = -EBADF;
	unlink(path);
	nri_reader_free(&reader);
}

static int teardown(void **state)
{
	(void)state;
	nri_use(&nri, NULL, now);
	engine_down();
	free(path);
	remove_directory(dir);
	return 0;
}

static void engine_up(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
}

/* As the daemon's loop does. Is there something to do without waiting? */
static bool turn(const struct policy *policy)
{
	struct pollfd fd = {.fd = nri.fd, .events = nri_events(&nri)};

	if (nri_due(&nri) <= now)
		nri_run(&nri, now);
	if (nri.fd != fd.fd || poll(&fd, 1, 0) <= 0)
		return false;
	nri_arrived(&nri, policy, now);
	return true;
}

/* The next message that the engine gets; it has been sent already. */
static struct nri_message received(void)
{
	struct nri_message message = {0};
	uint8_t byte;

	while (!message.channel) {
		assert_int_equal(recv(engine, &byte, 1, MSG_DONTWAIT), 1);
		assert_int_equal(nri_read(&reader, (struct nri_span){&byte, 1}, &message), 1);
	}
	return message;
}

static void send_bytes(struct nri_span bytes)
{
	assert_int_equal(send(engine, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static struct nri_buffer frames_of(const char *method, struct nri_span payload)
{
	struct nri_buffer request = {0}, frames = {0};

	nri_put_text(&request, 1, PLUGIN);
	nri_put_text(&request, 2, method);
	nri_put_bytes(&request, 3, payload);
	nri_write(&frames, NRI_TO_PLUGIN, stream, NRI_REQUEST, nri_span_of(&request));
	nri_buffer_free(&request);
	return frames;
}

/* The length of the answer, which comes in the same turn. */
static size_t call(const char *method, struct nri_span payload, const struct policy *policy)
{
	struct nri_buffer frames = frames_of(method, payload);
	struct nri_message answer;
	size_t len;

	send_bytes(nri_span_of(&frames));
	assert_true(turn(policy));
	answer = received();
	assert_int_equal(answer.channel, NRI_TO_PLUGIN);
	assert_int_equal(answer.stream, stream);
	stream += 2;
	len = answer.body.len;
	nri_buffer_free(&answer.body);
	nri_buffer_free(&frames);
	return len;
}

static void accept_it(void)
{
	struct nri_message message;

	turn(&policy_builtin);
	engine = accept(listener, NULL, NULL);
	assert_true(engine >= 0);
	message = received();
	assert_int_equal(message.channel, NRI_TO_ENGINE);
	nri_buffer_free(&message.body);
}

static void make_ready(void)
{
	struct nri_buffer configure = {0};

	accept_it();
	nri_put_text(&configure, 2, "containerd");
	call("Configure", nri_span_of(&configure), &policy_builtin);
	assert_null(nri_engine(&nri));
	call("Synchronize", (struct nri_span){NULL, 0}, &policy_builtin);
	assert_string_equal(nri_engine(&nri), "containerd");
	nri_buffer_free(&configure);
}

static size_t create(const struct policy *policy)
{
	struct nri_buffer request = create_request(ASKING, NOTHING, NULL, 0);
	size_t len = call("CreateContainer", nri_span_of(&request), policy);

	nri_buffer_free(&request);
	return len;
}

static void without_a_socket_nothing_is_due(void **state)
{
	(void)state;
	assert_true(nri_due(&nri) == UINT64_MAX);
	nri_use(&nri, NULL, now);
	assert_true(nri_due(&nri) == UINT64_MAX);
	assert_null(nri_engine(&nri));
	assert_int_equal(fake_syslog.lines, 0);
}

static void an_engine_that_is_not_there_is_logged_once(void **state)
{
	static const uint64_t waits[] = {100, 200, 400, 800, 1000, 1000};

	(void)state;
	nri_use(&nri, path, now);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		assert_true(nri_due(&nri) <= now);
		turn(&policy_builtin);
		assert_true(nri_due(&nri) == now + waits[i]);
		now += waits[i];
	}
	assert_int_equal(fake_syslog.lines, 1);
	assert_int_equal(fake_syslog.priority, LOG_INFO);
	assert_contains(fake_syslog.text, "action=disconnect source=growd reason=\"NRI: ");
	assert_contains(fake_syslog.text, "nri.sock: No such file or directory; until an engine");
	engine_up();
	make_ready();
	assert_int_equal(fake_syslog.lines, 2);
}

static void an_engine_is_answered_at_once(void **state)
{
	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	make_ready();
	assert_int_equal(fake_syslog.lines, 1);
	assert_contains(fake_syslog.text, "action=connect source=growd engine=containerd ");
	assert_true(nri_due(&nri) == UINT64_MAX);
	assert_true(create(&policy_builtin) > 0);
	assert_int_equal(create(NULL), 0);
	assert_int_equal(fake_syslog.lines, 1);
}

static void a_request_can_come_byte_by_byte(void **state)
{
	struct nri_buffer request = create_request(ASKING, NOTHING, NULL, 0), frames;
	struct nri_message answer;

	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	make_ready();
	frames = frames_of("CreateContainer", nri_span_of(&request));
	for (size_t i = 0; i < frames.len; i++) {
		send_bytes((struct nri_span){frames.at + i, 1});
		assert_true(turn(&policy_builtin));
		assert_false(turn(&policy_builtin));
	}
	answer = received();
	assert_true(answer.body.len > 0);
	nri_buffer_free(&answer.body);
	nri_buffer_free(&frames);
	nri_buffer_free(&request);
}

static void a_lost_engine_is_found_again(void **state)
{
	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	make_ready();
	for (unsigned int i = 1; i <= 3; i++) {
		now += 20000;
		engine_down();
		assert_true(turn(&policy_builtin));
		assert_null(nri_engine(&nri));
		assert_int_equal(fake_syslog.lines, 2 * i);
		assert_int_equal(fake_syslog.priority, LOG_WARNING);
		assert_contains(fake_syslog.text, "action=disconnect ");
		assert_true(nri_due(&nri) == now + 100);
		for (int k = 0; k < 5; k++) {
			now = nri_due(&nri);
			turn(&policy_builtin);
		}
		assert_int_equal(fake_syslog.lines, 2 * i);
		engine_up();
		now = nri_due(&nri);
		make_ready();
		assert_int_equal(fake_syslog.lines, 2 * i + 1);
		assert_contains(fake_syslog.text, "action=connect ");
		assert_true(create(&policy_builtin) > 0);
	}
}

/* Nor is each of its connections logged, but the one that lasts. */
static void an_engine_that_always_hangs_up_is_called_less_often(void **state)
{
	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	for (int i = 0; i < 6; i++) {
		make_ready();
		nri_reader_free(&reader);
		close(engine);
		now += 1;
		turn(&policy_builtin);
		if (i == 5)
			assert_true(nri_due(&nri) == now + 1000);
		now = nri_due(&nri);
	}
	assert_int_equal(fake_syslog.lines, 6);
	make_ready();
	assert_true(nri_due(&nri) == now + 10000);
	now += 10000;
	assert_false(turn(&policy_builtin));
	assert_int_equal(fake_syslog.lines, 7);
	assert_contains(fake_syslog.text, "action=connect ");
	assert_true(nri_due(&nri) == UINT64_MAX);
}

static void nonsense_ends_the_connection(void **state)
{
	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	make_ready();
	send_bytes((struct nri_span){(const uint8_t *)"GET / HTTP/1.1\r\n", 16});
	assert_true(turn(&policy_builtin));
	assert_int_equal(nri.fd, -EBADF);
	assert_contains(fake_syslog.text, "what it sends cannot be read");
	close(engine);
	nri_reader_free(&reader);
	now = nri_due(&nri);
	make_ready();
}

static void a_registration_that_does_not_end_is_tried_again(void **state)
{
	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	accept_it();
	assert_true(nri_due(&nri) == now + 30000);
	now += 30000;
	turn(&policy_builtin);
	assert_int_equal(nri.fd, -EBADF);
	assert_contains(fake_syslog.text, "does not finish our registration");
	close(engine);
	nri_reader_free(&reader);
	now = nri_due(&nri);
	make_ready();
}

/* It would need memory without end. */
static void an_engine_that_does_not_read_is_not_read_either(void **state)
{
	struct nri_buffer request = create_request(ASKING, NOTHING, NULL, 0), frames;
	unsigned int sent = 0, answered = 0;
	size_t most = 0;

	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	make_ready();
	frames = frames_of("CreateContainer", nri_span_of(&request));
	while (send(engine, frames.at, frames.len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)frames.len) {
		sent++;
		turn(&policy_builtin);
		most = nri.out.size > most ? nri.out.size : most;
	}
	assert_int_equal(nri_events(&nri), POLLOUT);
	assert_true(most <= 4 * MIB);
	while (answered < sent) {
		struct nri_message answer;
		uint8_t byte;

		turn(&policy_builtin);
		while (recv(engine, &byte, 1, MSG_DONTWAIT) == 1) {
			nri_read(&reader, (struct nri_span){&byte, 1}, &answer);
			if (answer.channel) {
				answered++;
				nri_buffer_free(&answer.body);
			}
		}
	}
	assert_int_equal(nri_events(&nri), POLLIN);
	nri_buffer_free(&frames);
	nri_buffer_free(&request);
}

static void another_socket_takes_effect(void **state)
{
	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	make_ready();
	nri_use(&nri, path, now);
	assert_non_null(nri_engine(&nri));
	nri_use(&nri, "/nowhere/nri.sock", now);
	assert_null(nri_engine(&nri));
	turn(&policy_builtin);
	assert_contains(fake_syslog.text, "/nowhere/nri.sock");
	nri_use(&nri, NULL, now);
	assert_true(nri_due(&nri) == UINT64_MAX);
	assert_int_equal(nri.fd, -EBADF);
}

static void requests_that_cannot_be_read_are_logged_once(void **state)
{
	static const uint8_t bad[] = {0x0a, 0x7f, 'x'};

	(void)state;
	engine_up();
	nri_use(&nri, path, now);
	make_ready();
	for (int i = 0; i < 5; i++)
		assert_int_equal(call("CreateContainer", (struct nri_span){bad, sizeof(bad)},
				      &policy_builtin),
				 0);
	assert_int_equal(fake_syslog.lines, 2);
	assert_contains(fake_syslog.text, "action=warn source=growd reason=\"NRI: ");
}

#define NRI_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NRI_TEST(without_a_socket_nothing_is_due),
		NRI_TEST(an_engine_that_is_not_there_is_logged_once),
		NRI_TEST(an_engine_is_answered_at_once),
		NRI_TEST(a_request_can_come_byte_by_byte),
		NRI_TEST(a_lost_engine_is_found_again),
		NRI_TEST(an_engine_that_always_hangs_up_is_called_less_often),
		NRI_TEST(nonsense_ends_the_connection),
		NRI_TEST(a_registration_that_does_not_end_is_tried_again),
		NRI_TEST(an_engine_that_does_not_read_is_not_read_either),
		NRI_TEST(another_socket_takes_effect),
		NRI_TEST(requests_that_cannot_be_read_are_logged_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
