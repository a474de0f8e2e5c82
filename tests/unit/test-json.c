/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json.h"

#include "json-text.h"

static struct why why;

/* A document, or NULL and a reason. @text may contain NULs. */
static struct json_doc *parse_n(const char *text, size_t len)
{
	struct json_doc *doc = NULL;
	char *copy = malloc(len + 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	why.text[0] = '\0';
	r = json_parse(copy, len, &doc, &why);
	free(copy); /* must outlive the document */
	assert_int_equal(r, doc ? 0 : -EINVAL);
	return doc;
}

static struct json_doc *parse(const char *text)
{
	return parse_n(text, strlen(text));
}

static struct json_doc *parse_good(const char *text)
{
	struct json_doc *doc = parse(text);

	if (!doc)
		print_error("%s: %s\n", text, why.text);
	assert_non_null(doc);
	return doc;
}

static void reads_every_type(void **state)
{
	static const enum json_type types[] = {JSON_NULL,   JSON_BOOL,	 JSON_BOOL,  JSON_NUMBER,
					       JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT};
	static const char *const texts[] = {"null", "true", "false", "-12", "1.5e3", "a\n\xc3\xa4"};
	struct json_doc *doc =
		parse_good("[null, true, false, -12, 1.5e3, \"a\\n\\u00e4\", [1], {\"k\": {}}]");
	size_t i = 0;

	(void)state;
	assert_int_equal(json_root(doc)->type, JSON_ARRAY);
	json_foreach (member, json_root(doc)) {
		assert_int_equal(member->type, types[i]);
		assert_null(member->key);
		if (i < COUNT_OF(texts)) {
			assert_string_equal(member->text, texts[i]);
			assert_int_equal(member->len, strlen(texts[i]));
		}
		i++;
	}
	assert_int_equal(i, COUNT_OF(types));
	json_free(doc);
}

static void keeps_members_in_order(void **state)
{
	static const char *const keys[] = {"b", "a", "b", ""};
	struct json_doc *doc = parse_good("{\"b\":1,\"a\":{\"c\":[3,4]},\"b\":2,\"\":5}");
	size_t i = 0;

	(void)state;
	json_foreach (member, json_root(doc))
		assert_string_equal(member->key, keys[i++]);
	assert_int_equal(i, COUNT_OF(keys));
	json_free(doc);
}

static void knows_where_values_end(void **state)
{
	struct json_doc *doc = parse_good("{\"a\": \"xyz\", \"b\":[1 ], \"c\": 12 }");
	static const size_t offsets[] = {11, 18, 30};
	size_t i = 0;

	(void)state;
	json_foreach (member, json_root(doc))
		assert_int_equal(member->offset, offsets[i++]);
	json_free(doc);
}

static void refuse(const char *text, const char *reason)
{
	struct json_doc *doc = parse(text);

	if (doc)
		print_error("accepted: %s\n", text);
	assert_null(doc);
	assert_contains(why.text, reason);
}

static void refuses_what_is_not_json(void **state)
{
	(void)state;
	refuse("", "empty at byte 0");
	refuse(" \n", "at byte 2");
	refuse("{} x", "trailing garbage at byte 4");
	refuse("{}{}", "trailing garbage at byte 3");
	refuse("{\"a\":1,}", "at byte 8");
	refuse("{\"a\" 1}", "at byte 6");
	refuse("[1 2]", "at byte 4");
	refuse("{a:1}", "at byte 2");
	refuse("'a'", "at byte 1");
	refuse("/* c */ 1", "at byte");
	refuse("nul", "at byte");
	refuse("\"a\nb\"", "at byte 2");
	refuse("\"\xff\"", "at byte");
	refuse("\"\\x\"", "at byte");
	refuse("{\"a\":01}", "at byte");
	refuse("{\"a\":+1}", "at byte 6");
	refuse("{\"a\":NaN}", "at byte 6");
	refuse("]", "at byte 1");
	refuse("{]", "at byte 2");
}

/* A reason must not contain the input, which could forge a log line. */
static void errors_contain_no_input(void **state)
{
	(void)state;
	refuse("{\"a\": SECRET\x1b[2J}", "at byte");
	assert_lacks(why.text, "SECRET");
	assert_lacks(why.text, "\x1b");
	assert_lacks(why.text, "\n");
}

static void refuses_a_nul_between_values(void **state)
{
	(void)state;
	assert_null(parse_n("{}\0", 3));
	assert_contains(why.text, "at byte 3");
	assert_null(parse_n("{\"a\":\0 1}", 9));
	assert_contains(why.text, "at byte 6");
}

static char *nested(size_t depth, char open, char close)
{
	char *text = malloc(2 * depth + 1);

	assert_non_null(text);
	memset(text, open, depth);
	memset(text + depth, close, depth);
	text[2 * depth] = '\0';
	return text;
}

static void bounds_the_depth(void **state)
{
	static const size_t too_deep[] = {65, 66, 10000};
	char *text = nested(64, '[', ']');

	(void)state;
	json_free(parse_good(text));
	free(text);
	for (size_t i = 0; i < COUNT_OF(too_deep); i++) {
		text = nested(too_deep[i], '[', ']');
		refuse(text, "nested too deeply at byte 65");
		free(text);
	}
}

static void keeps_only_as_many_levels_as_are_wanted(void **state)
{
	const char *text = "{\"a\":{\"b\":{\"c\":1,\"d\":{\"e\":2}},\"f\":3},\"g\":[[4,[5]],6]}";
	const char *bad = "{\"a\":{\"b\":{\"c\":}}}";
	char *deep = nested(65, '[', ']');
	const struct json *a = NULL, *b = NULL;
	struct json_doc *doc = NULL;
	int64_t f = 0;

	(void)state;
	assert_int_equal(json_parse_levels(text, strlen(text), 2, &doc, &why), 0);
	assert_int_equal(json_object(json_root(doc), "a", &a, &why), 1);
	assert_int_equal(json_object(a, "b", &b, &why), 1);
	assert_null(b->first);
	assert_int_equal(b->end, strlen("{\"a\":{\"b\":{\"c\":1,\"d\":{\"e\":2}}"));
	assert_int_equal(json_integer(a, "f", &f, &why), 1);
	assert_int_equal(f, 3);
	assert_string_equal(a->next->key, "g");
	assert_int_equal(a->next->first->type, JSON_ARRAY);
	assert_null(a->next->first->first);
	assert_string_equal(a->next->first->next->text, "6");
	json_free(doc);
	/* The rest is checked all the same. */
	assert_int_equal(json_parse_levels(bad, strlen(bad), 2, &doc, &why), -EINVAL);
	assert_int_equal(json_parse_levels(deep, strlen(deep), 2, &doc, &why), -EINVAL);
	assert_contains(why.text, "nested too deeply at byte 65");
	free(deep);
}

/* Closed containers do not add to the depth. */
static void depth_decreases_again(void **state)
{
	char text[3 * 1000 + 2] = "[";
	struct json_doc *doc;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		strcat(text, i ? ",{}" : "{}");
	strcat(text, "]");
	doc = parse_good(text);
	json_free(doc);
}

/* Larger than a block of memory, in one value and in many. */
static void reads_large_documents(void **state)
{
	size_t len = 200000;
	char *text = malloc(len + 1);
	struct json_doc *doc;
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	text[0] = text[len - 1] = '"';
	text[len] = '\0';
	doc = parse_good(text);
	assert_int_equal(json_root(doc)->len, len - 2);
	json_free(doc);
	for (size_t i = 1; i < len - 2; i++)
		text[i] = i % 2 ? '7' : ',';
	memcpy(text, "[", 1);
	memcpy(text + len - 2, " ]", 2);
	doc = parse_good(text);
	json_foreach (member, json_root(doc))
		n += strcmp(member->text, "7") == 0;
	assert_int_equal(n, (len - 2) / 2);
	json_free(doc);
	free(text);
}

static void refuses_a_truncated_document(void **state)
{
	static const char whole[] = "{\"a\":[1,true,null,\"\\u00e4\\\"\",{}],\"b\":{\"c\":-1.5e3}}";
	char reason[32];

	(void)state;
	json_free(parse_good(whole));
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		assert_null(parse_n(whole, len));
		snprintf(reason, sizeof(reason), "at byte %zu", len);
		assert_contains(why.text, reason);
	}
}

/* --- members --------------------------------------------------------------------------------- */

#define MEMBERS                                                                                    \
	"{\"s\":\"v\",\"i\":7,\"o\":{\"s\":\"inner\"},\"twice\":1,\"twice\":1,"                    \
	"\"nul\":\"a\\u0000b\",\"k\\u0000\":\"x\",\"f\":1.5,\"e\":1e3,\"big\":"                    \
	"9223372036854775808,"                                                                     \
	"\"max\":9223372036854775807,\"min\":-9223372036854775808,\"small\":-9223372036854775809}"

static void finds_members(void **state)
{
	struct json_doc *doc = parse_good(MEMBERS);
	const struct json *root = json_root(doc), *found = NULL;
	const char *text = "unset";
	int64_t n = 99;

	(void)state;
	assert_int_equal(json_string(root, "s", &text, &why), 1);
	assert_string_equal(text, "v");
	assert_int_equal(json_integer(root, "i", &n, &why), 1);
	assert_int_equal(n, 7);
	assert_int_equal(json_member(root, "o", JSON_OBJECT, &found, &why), 1);
	assert_int_equal(json_string(found, "s", &text, &why), 1);
	assert_string_equal(text, "inner");
	assert_int_equal(json_integer(root, "max", &n, &why), 1);
	assert_true(n == INT64_MAX);
	assert_int_equal(json_integer(root, "min", &n, &why), 1);
	assert_true(n == INT64_MIN);
	json_free(doc);
}

static void does_not_find_missing_members(void **state)
{
	static const char *const keys[] = {"", "x", "inner", "v", "k", "S", "ss"};
	struct json_doc *doc = parse_good(MEMBERS);
	const struct json *found = NULL;
	const char *text = "unset";
	int64_t n = 99;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		assert_int_equal(json_member(json_root(doc), keys[i], JSON_NULL, &found, &why), 0);
		assert_int_equal(json_string(json_root(doc), keys[i], &text, &why), 0);
		assert_int_equal(json_integer(json_root(doc), keys[i], &n, &why), 0);
	}
	assert_null(found);
	assert_string_equal(text, "unset");
	assert_int_equal(n, 99);
	json_free(doc);
}

static void refuse_member(const struct json *parent, const char *key, enum json_type type,
			  const char *reason)
{
	const struct json *found = NULL;

	assert_int_equal(json_member(parent, key, type, &found, &why), -EINVAL);
	assert_null(found);
	assert_contains(why.text, reason);
}

static void refuses_members_of_another_type(void **state)
{
	struct json_doc *doc = parse_good(MEMBERS);
	const struct json *root = json_root(doc);

	(void)state;
	refuse_member(root, "s", JSON_NUMBER,
		      "\"s\": expected a number, found a string, at byte 8");
	refuse_member(root, "i", JSON_STRING, "expected a string, found a number");
	refuse_member(root, "o", JSON_ARRAY, "expected an array, found an object");
	refuse_member(root->first, "s", JSON_STRING,
		      "expected an object, found a string, at byte 8");
	json_free(doc);
	doc = parse_good("[\"a\"]");
	refuse_member(json_root(doc), "a", JSON_STRING, "expected an object, found an array");
	json_free(doc);
}

static void refuses_duplicates_of_a_key_that_is_read(void **state)
{
	struct json_doc *doc = parse_good(MEMBERS);

	(void)state;
	refuse_member(json_root(doc), "twice", JSON_NUMBER, "duplicate key \"twice\" at byte 52");
	/* of any type */
	refuse_member(json_root(doc), "twice", JSON_STRING, "duplicate key");
	json_free(doc);
}

static void refuses_a_nul_in_a_string_that_is_read(void **state)
{
	struct json_doc *doc = parse_good(MEMBERS);
	const char *text = "unset";

	(void)state;
	assert_int_equal(json_string(json_root(doc), "nul", &text, &why), -EINVAL);
	assert_contains(why.text, "\"nul\": NUL in the string at byte 69");
	assert_string_equal(text, "unset");
	json_free(doc);
}

static void refuses_numbers_that_are_not_whole_or_do_not_fit(void **state)
{
	static const char *const keys[] = {"f", "e", "big", "small"};
	struct json_doc *doc = parse_good(MEMBERS);
	int64_t n = 99;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		assert_int_equal(json_integer(json_root(doc), keys[i], &n, &why), -EINVAL);
		assert_contains(why.text, "expected a whole number at byte");
	}
	assert_int_equal(n, 99);
	json_free(doc);
}

/* --- writing --------------------------------------------------------------------------------- */

static void writes_an_object(void **state)
{
	struct json_writer *w = json_writer_begin();
	char *text;

	(void)state;
	json_write_string(w, "s", "a\"\n\x1b\xc3\xa4");
	json_write_string(w, "raw", "\xff");
	json_write_string(w, "overlong", "\xc0\xaf");
	json_write_string(w, "surrogate\xed\xa0\x80", "\xed\xa0\x80");
	json_write_string(w, "above", "\xf4\x90\x80\x80");
	json_write_string(w, "none", NULL);
	json_write_object(w, "o");
	json_write_u64(w, "max", UINT64_MAX);
	json_write_close(w);
	json_write_bool(w, "yes", true);
	json_write_bool(w, "no", false);
	text = json_text(w);
	assert_string_equal(text, "{\"s\":\"a\\\"\\n\\u001B\xc3\xa4\",\"raw\":\"\\\"\\\\xff\\\"\","
				  "\"overlong\":\"\\\"\\\\xc0\\\\xaf\\\"\","
				  "\"\\\"surrogate\\\\xed\\\\xa0\\\\x80\\\"\":"
				  "\"\\\"\\\\xed\\\\xa0\\\\x80\\\"\","
				  "\"above\":\"\\\"\\\\xf4\\\\x90\\\\x80\\\\x80\\\"\","
				  "\"none\":null,\"o\":{\"max\":18446744073709551615},"
				  "\"yes\":true,\"no\":false}\n");
	free(text);
}

static void reports_a_full_output(void **state)
{
	FILE *full = fopen("/dev/full", "we");
	struct json_writer *w = json_writer_begin();

	(void)state;
	assert_non_null(full);
	json_write_string(w, "a", "b");
	assert_int_equal(json_writer_end(w, full), -EIO);
	fclose(full);
}

static void does_nothing_without_a_writer(void **state)
{
	(void)state;
	json_write_string(NULL, "a", "b");
	json_write_object(NULL, "o");
	json_write_u64(NULL, "n", 1);
	json_write_bool(NULL, "b", true);
	json_write_close(NULL);
	assert_int_equal(json_writer_end(NULL, stdout), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(keeps_members_in_order),
		cmocka_unit_test(knows_where_values_end),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(errors_contain_no_input),
		cmocka_unit_test(refuses_a_nul_between_values),
		cmocka_unit_test(bounds_the_depth),
		cmocka_unit_test(keeps_only_as_many_levels_as_are_wanted),
		cmocka_unit_test(depth_decreases_again),
		cmocka_unit_test(reads_large_documents),
		cmocka_unit_test(refuses_a_truncated_document),
		cmocka_unit_test(finds_members),
		cmocka_unit_test(does_not_find_missing_members),
		cmocka_unit_test(refuses_members_of_another_type),
		cmocka_unit_test(refuses_duplicates_of_a_key_that_is_read),
		cmocka_unit_test(refuses_a_nul_in_a_string_that_is_read),
		cmocka_unit_test(refuses_numbers_that_are_not_whole_or_do_not_fit),
		cmocka_unit_test(writes_an_object),
		cmocka_unit_test(reports_a_full_output),
		cmocka_unit_test(does_nothing_without_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
