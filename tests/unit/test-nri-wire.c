/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-wire.h"

#include "nri-fixture.h"

#define SPAN(...)                                                                                  \
	((struct nri_span){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static void is_bad(struct nri_span message)
{
	struct nri_span copy = exact_copy(message, message.len), found;
	struct nri_field field;
	struct nri_span rest = copy;
	uint64_t number;
	int r;

	while ((r = nri_next(&rest, &field)) > 0)
		;
	assert_int_equal(r, -EBADMSG);
	assert_int_equal(nri_find_bytes(copy, 1, &found), -EBADMSG);
	assert_int_equal(nri_find_number(copy, 1, &number), -EBADMSG);
	free_copy(copy);
}

static void what_is_written_is_read(void **state)
{
	static const uint64_t numbers[] = {0, 1, 127, 128, 16384, UINT32_MAX, UINT64_MAX};
	struct nri_buffer out = {0}, inner = {0};
	struct nri_span rest, found;
	struct nri_field field;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		nri_put_number(&out, (uint32_t)i + 1, numbers[i]);
	nri_put_text(&inner, 1, "text");
	nri_put_text(&inner, 2, "");
	nri_put_message(&out, 536870911, &inner);
	assert_null(inner.at);
	rest = nri_span_of(&out);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		assert_int_equal(nri_next(&rest, &field), 1);
		assert_true(field.is_number && !field.is_bytes);
		assert_int_equal(field.number, i + 1);
		assert_true(field.value == numbers[i]);
	}
	assert_int_equal(nri_next(&rest, &field), 1);
	assert_true(field.is_bytes && !field.is_number);
	assert_int_equal(field.number, 536870911);
	assert_int_equal(nri_find_bytes(field.bytes, 1, &found), 1);
	assert_true(nri_is(found, "text"));
	assert_int_equal(nri_find_bytes(field.bytes, 2, &found), 1);
	assert_true(nri_is(found, ""));
	assert_int_equal(nri_find_bytes(field.bytes, 3, &found), 0);
	assert_int_equal(nri_next(&rest, &field), 0);
	nri_buffer_free(&out);
}

/* As Go's library writes them. */
static void the_bytes_are_those_of_the_format(void **state)
{
	struct nri_buffer out = {0};

	(void)state;
	nri_put_number(&out, 2, 300);
	nri_put_text(&out, 16, "ab");
	assert_true(nri_same(nri_span_of(&out), SPAN(0x10, 0xac, 0x02, 0x82, 0x01, 2, 'a', 'b')));
	nri_buffer_free(&out);
}

static void of_a_field_that_occurs_twice_the_last_one_is_valid(void **state)
{
	struct nri_span message = SPAN(0x0a, 1, 'a', 0x08, 7, 0x0a, 1, 'b', 0x08, 9), found;
	uint64_t number;

	(void)state;
	assert_int_equal(nri_find_bytes(message, 1, &found), 1);
	assert_true(nri_is(found, "b"));
	assert_int_equal(nri_find_number(message, 1, &number), 1);
	assert_int_equal(number, 9);
}

static void unknown_fields_and_types_are_passed_over(void **state)
{
	struct nri_span found,
		message = SPAN(0x7d, 1, 2, 3, 4,			       /* fixed32 */
			       0x79, 1, 2, 3, 4, 5, 6, 7, 8,		       /* fixed64 */
			       0x0d, 1, 2, 3, 4, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, /* of 1 */
			       0x08, 1,	      /* a number in place of bytes */
			       0xfa, 0x01, 0, /* field 31 */
			       0x0a, 1, 'x');
	uint64_t number;

	(void)state;
	assert_int_equal(nri_find_bytes(message, 1, &found), 1);
	assert_true(nri_is(found, "x"));
	assert_int_equal(nri_find_bytes(message, 2, &found), 0);
	assert_int_equal(nri_find_number(message, 1, &number), 1);
	assert_int_equal(number, 1);
}

static void what_is_not_valid_is_an_error(void **state)
{
	(void)state;
	is_bad(SPAN(0x0a));				     /* no length */
	is_bad(SPAN(0x0a, 2, 'a'));			     /* too long */
	is_bad(SPAN(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1)); /* 4 GiB */
	is_bad(SPAN(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1));
	is_bad(SPAN(0x08));
	is_bad(SPAN(0x08, 0x80));
	is_bad(SPAN(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2)); /* 65 bits */
	is_bad(SPAN(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1));
	is_bad(SPAN(0x0d, 1, 2, 3));
	is_bad(SPAN(0x09, 1, 2, 3, 4, 5, 6, 7));
	is_bad(SPAN(0x02, 0)); /* field 0 */
	is_bad(SPAN(0x0b));    /* groups */
	is_bad(SPAN(0x0b, 0, 0, 0, 0, 0, 0, 0, 0));
	is_bad(SPAN(0x0c));
	is_bad(SPAN(0x0e, 0)); /* types that do not exist */
	is_bad(SPAN(0x0f, 0));
	is_bad(SPAN(0x8a, 0x80, 0x80, 0x80, 0x10, 0)); /* a field above 2^29 - 1 */
	is_bad(SPAN(0x0a, 1, 'a', 0x0a));
}

static void an_empty_message_has_no_field(void **state)
{
	struct nri_span empty = {NULL, 0}, found;
	struct nri_field field;

	(void)state;
	assert_int_equal(nri_next(&empty, &field), 0);
	assert_int_equal(nri_find_bytes(empty, 1, &found), 0);
	assert_true(nri_is(empty, ""));
	assert_false(nri_is(empty, "a"));
}

static void a_message_that_ends_anywhere_is_read_up_to_there(void **state)
{
	static const char *const pods[] = {"a=b", "key=value", NULL}, *const none[] = {NULL};
	struct nri_buffer request = create_request(pods, none, "/hook", HOOKS_PRESTART);
	struct nri_span found;

	(void)state;
	for (size_t len = 0; len < request.len; len++) {
		struct nri_span copy = exact_copy(nri_span_of(&request), len);
		int r = nri_find_bytes(copy, CREATE_CONTAINER, &found);

		assert_true(r == 0 || r == -EBADMSG);
		free_copy(copy);
	}
	nri_buffer_free(&request);
}

static void walk(struct nri_span message, unsigned int depth)
{
	struct nri_field field;

	while (nri_next(&message, &field) > 0) {
		assert_false(field.is_bytes && field.is_number);
		assert_true(field.bytes.len <= 4096);
		if (field.is_bytes && depth)
			walk(field.bytes, depth - 1);
	}
}

static void mutated_messages_are_never_read_past_their_end(void **state)
{
	static const char *const pods[] = {"a=b", "key=value", NULL}, *const own[] = {"c=d", NULL};
	struct nri_buffer request = create_request(pods, own, "/hook", HOOKS_PRESTART);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct nri_span copy = exact_copy(nri_span_of(&request), request.len);

		mutate(copy);
		walk(copy, 5);
		free_copy(copy);
	}
	nri_buffer_free(&request);
}

static void after_an_error_nothing_is_added(void **state)
{
	struct nri_buffer out = {0}, inner = {.error = -ENOMEM};

	(void)state;
	nri_put_text(&out, 1, "a");
	nri_put_message(&out, 2, &inner);
	nri_put_text(&out, 3, "b");
	assert_int_equal(out.error, -ENOMEM);
	assert_int_equal(out.len, 3);
	nri_buffer_free(&out);
	assert_int_equal(out.error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_bytes_are_those_of_the_format),
		cmocka_unit_test(of_a_field_that_occurs_twice_the_last_one_is_valid),
		cmocka_unit_test(unknown_fields_and_types_are_passed_over),
		cmocka_unit_test(what_is_not_valid_is_an_error),
		cmocka_unit_test(an_empty_message_has_no_field),
		cmocka_unit_test(a_message_that_ends_anywhere_is_read_up_to_there),
		cmocka_unit_test(mutated_messages_are_never_read_past_their_end),
		cmocka_unit_test(after_an_error_nothing_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
