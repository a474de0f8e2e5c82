/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-frame.h"

#include "nri-fixture.h"

#define MAX_FOUND 8

static struct nri_reader reader;
static struct nri_message found[MAX_FOUND];
static size_t n_found;

static int setup(void **state)
{
	(void)state;
	reader = (struct nri_reader){0};
	n_found = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nri_reader_free(&reader);
	for (size_t i = 0; i < n_found; i++)
		nri_buffer_free(&found[i].body);
	return 0;
}

/* Gives the reader all, at most @step bytes at a time. 0, or its error. */
static int feed(struct nri_span bytes, size_t step)
{
	while (bytes.len) {
		struct nri_span part = exact_copy(bytes, bytes.len < step ? bytes.len : step);
		struct nri_message message;
		ssize_t n = nri_read(&reader, part, &message);

		free_copy(part);
		if (n < 0)
			return (int)n;
		assert_in_range(n, 1, part.len);
		bytes.at += n;
		bytes.len -= (size_t)n;
		if (message.channel) {
			assert_true(n_found < MAX_FOUND);
			found[n_found++] = message;
		}
	}
	return 0;
}

static void put_raw_frame(struct nri_buffer *to, uint32_t channel, uint32_t len)
{
	const uint8_t head[] = {
		(uint8_t)(channel >> 24), (uint8_t)(channel >> 16),
		(uint8_t)(channel >> 8),  (uint8_t)channel,
		(uint8_t)(len >> 24),	  (uint8_t)(len >> 16),
		(uint8_t)(len >> 8),	  (uint8_t)len,
	};

	nri_append(to, head, sizeof(head));
}

static struct nri_span text_span(const char *text)
{
	return (struct nri_span){(const uint8_t *)text, strlen(text)};
}

/* Three messages of two channels; the first has more bytes than a frame. */
static struct nri_buffer three(void)
{
	static uint8_t large[10000];
	struct nri_buffer out = {0};

	memset(large, 'x', sizeof(large));
	nri_write(&out, NRI_TO_PLUGIN, 1, NRI_REQUEST, (struct nri_span){large, sizeof(large)});
	nri_write(&out, NRI_TO_ENGINE, 1, NRI_RESPONSE, (struct nri_span){NULL, 0});
	nri_write(&out, NRI_TO_PLUGIN, 0x01020304, NRI_REQUEST, text_span("small"));
	return out;
}

static void messages_are_found_however_the_bytes_arrive(void **state)
{
	static const size_t steps[] = {1, 2, 3, 7, 8, 9, 10, 11, 4096, 65536};
	struct nri_buffer out = three();

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		setup(state);
		assert_int_equal(feed(nri_span_of(&out), steps[i]), 0);
		assert_int_equal(n_found, 3);
		assert_int_equal(found[0].channel, NRI_TO_PLUGIN);
		assert_int_equal(found[0].body.len, 10000);
		assert_int_equal(found[0].body.at[9999], 'x');
		assert_int_equal(found[1].channel, NRI_TO_ENGINE);
		assert_int_equal(found[1].type, NRI_RESPONSE);
		assert_int_equal(found[1].body.len, 0);
		assert_int_equal(found[2].stream, 0x01020304);
		assert_int_equal(found[2].type, NRI_REQUEST);
		assert_false(found[2].cut);
		assert_true(nri_is(nri_span_of(&found[2].body), "small"));
		teardown(state);
	}
	setup(state);
	nri_buffer_free(&out);
}

/* NRI reads each frame with a buffer of 4096 bytes. */
static void our_frames_fit_the_buffer_of_the_engine(void **state)
{
	struct nri_buffer out = three();

	(void)state;
	for (size_t at = 0; at < out.len;) {
		size_t len = (size_t)out.at[at + 6] << 8 | out.at[at + 7];

		assert_int_equal(out.at[at + 4] | out.at[at + 5], 0);
		assert_true(len <= 4096);
		at += NRI_FRAME_HEAD + len;
	}
	nri_buffer_free(&out);
}

static void the_bytes_are_those_of_the_protocol(void **state)
{
	static const uint8_t expected[] = {0, 0, 0, 2, 0, 0, 0, 10, /* frame */
					   0, 0, 0, 1, 0, 0, 0, 5,  1,	0,
					   0, 0, 0, 2, 0, 0, 0, 1,  'b'};
	struct nri_buffer out = {0};

	(void)state;
	nri_write(&out, NRI_TO_ENGINE, 5, NRI_REQUEST, text_span("b"));
	assert_int_equal(out.len, sizeof(expected));
	assert_memory_equal(out.at, expected, sizeof(expected));
	nri_buffer_free(&out);
}

static void one_frame_can_have_two_messages(void **state)
{
	static const uint8_t body[] = {0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 'a',
				       0, 0, 0, 1, 0, 0, 0, 3, 1, 0, 'b'};
	struct nri_buffer out = {0};

	(void)state;
	put_raw_frame(&out, NRI_TO_PLUGIN, sizeof(body));
	nri_append(&out, body, sizeof(body));
	assert_int_equal(feed(nri_span_of(&out), 65536), 0);
	assert_int_equal(n_found, 2);
	assert_true(nri_is(nri_span_of(&found[0].body), "a"));
	assert_true(nri_is(nri_span_of(&found[1].body), "b"));
	assert_int_equal(found[1].stream, 3);
	nri_buffer_free(&out);
}

static void other_channels_are_passed_over(void **state)
{
	struct nri_buffer out = {0};

	(void)state;
	put_raw_frame(&out, 3, 5);
	nri_append(&out, "other", 5);
	put_raw_frame(&out, UINT32_MAX, 0);
	nri_write(&out, NRI_TO_PLUGIN, 1, NRI_REQUEST, text_span("a"));
	assert_int_equal(feed(nri_span_of(&out), 3), 0);
	assert_int_equal(n_found, 1);
	nri_buffer_free(&out);
}

static void what_is_no_frame_is_an_error(void **state)
{
	struct nri_buffer out = {0};

	(void)state;
	put_raw_frame(&out, 0, 1);
	assert_int_equal(feed(nri_span_of(&out), 100), -EPROTO);
	nri_buffer_free(&out);
	reader = (struct nri_reader){0};
	put_raw_frame(&out, 1, (1 << 24) + 1);
	assert_int_equal(feed(nri_span_of(&out), 100), -EPROTO);
	nri_buffer_free(&out);
	reader = (struct nri_reader){0};
	assert_int_equal(feed(text_span("GET / HTTP/1.1"), 100), -EPROTO);
}

/* Memory is for what has arrived. */
static void a_length_alone_takes_no_memory(void **state)
{
	static const uint8_t head[] = {0, 0x40, 0, 0, 0, 0, 0, 1, 1, 0, 'a'};
	struct nri_buffer out = {0};

	(void)state;
	put_raw_frame(&out, NRI_TO_PLUGIN, sizeof(head));
	nri_append(&out, head, sizeof(head));
	assert_int_equal(feed(nri_span_of(&out), 100), 0);
	assert_int_equal(n_found, 0);
	assert_true(reader.streams[0].body.size <= 4096);
	nri_buffer_free(&out);
}

static void of_a_message_that_is_too_long_the_beginning_is_kept(void **state)
{
	static uint8_t part[1 << 20];
	static const uint8_t head[] = {0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0}; /* 4 MiB and one byte */
	struct nri_buffer out = {0};

	(void)state;
	memcpy(part, "begin", 5);
	put_raw_frame(&out, NRI_TO_PLUGIN, sizeof(head));
	nri_append(&out, head, sizeof(head));
	for (int i = 0; i < 4; i++) {
		put_raw_frame(&out, NRI_TO_PLUGIN, sizeof(part));
		nri_append(&out, part, sizeof(part));
	}
	put_raw_frame(&out, NRI_TO_PLUGIN, 1);
	nri_append(&out, part, 1);
	nri_write(&out, NRI_TO_PLUGIN, 3, NRI_REQUEST, text_span("next"));
	assert_int_equal(feed(nri_span_of(&out), 65536), 0);
	assert_int_equal(n_found, 2);
	assert_true(found[0].cut);
	assert_int_equal(found[0].body.len, NRI_CUT_TO);
	assert_memory_equal(found[0].body.at, "begin", 5);
	assert_false(found[1].cut);
	assert_true(nri_is(nri_span_of(&found[1].body), "next"));
	nri_buffer_free(&out);
}

/* As the engine of NRI 0.6 sends all containers of a large node. */
static void a_message_that_is_too_long_can_be_one_frame(void **state)
{
	static uint8_t large[NRI_MESSAGE_HEAD + 0x600000] = {0, 0x60, 0, 0, 0, 0, 0, 1, 1, 0};
	struct nri_buffer out = {0};

	(void)state;
	put_raw_frame(&out, NRI_TO_PLUGIN, sizeof(large));
	nri_append(&out, large, sizeof(large));
	assert_int_equal(feed(nri_span_of(&out), 65536), 0);
	assert_int_equal(n_found, 1);
	assert_true(found[0].cut);
	nri_buffer_free(&out);
}

static void the_longest_message_is_whole(void **state)
{
	uint8_t *large = calloc(1, NRI_MESSAGE_MAX);
	struct nri_buffer out = {0};

	(void)state;
	assert_non_null(large);
	large[NRI_MESSAGE_MAX - 1] = 'z';
	nri_write(&out, NRI_TO_PLUGIN, 1, NRI_REQUEST, (struct nri_span){large, NRI_MESSAGE_MAX});
	assert_int_equal(feed(nri_span_of(&out), 65536), 0);
	assert_int_equal(n_found, 1);
	assert_false(found[0].cut);
	assert_int_equal(found[0].body.len, NRI_MESSAGE_MAX);
	assert_int_equal(found[0].body.at[NRI_MESSAGE_MAX - 1], 'z');
	nri_buffer_free(&out);
	free(large);
}

static void mutated_bytes_never_break_the_reader(void **state)
{
	struct nri_buffer out = {0};

	nri_write(&out, NRI_TO_PLUGIN, 1, NRI_REQUEST, text_span("first"));
	nri_write(&out, NRI_TO_PLUGIN, 3, NRI_REQUEST, text_span("second"));
	nri_write(&out, NRI_TO_ENGINE, 1, NRI_RESPONSE, text_span("third"));
	for (int i = 0; i < 20000; i++) {
		struct nri_span copy = exact_copy(nri_span_of(&out), out.len);

		setup(state);
		mutate(copy);
		feed(copy, 1 + next_number() % 30);
		for (size_t k = 0; k < n_found; k++)
			assert_true(found[k].body.len <= out.len);
		teardown(state);
		free_copy(copy);
	}
	setup(state);
	nri_buffer_free(&out);
}

#define FRAME_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRAME_TEST(messages_are_found_however_the_bytes_arrive),
		FRAME_TEST(our_frames_fit_the_buffer_of_the_engine),
		FRAME_TEST(the_bytes_are_those_of_the_protocol),
		FRAME_TEST(one_frame_can_have_two_messages),
		FRAME_TEST(other_channels_are_passed_over),
		FRAME_TEST(what_is_no_frame_is_an_error),
		FRAME_TEST(a_length_alone_takes_no_memory),
		FRAME_TEST(of_a_message_that_is_too_long_the_beginning_is_kept),
		FRAME_TEST(a_message_that_is_too_long_can_be_one_frame),
		FRAME_TEST(the_longest_message_is_whole),
		FRAME_TEST(mutated_bytes_never_break_the_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
