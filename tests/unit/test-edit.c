/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/edit.h"

#include "daemon-json.h"
#include "oci/json.h"
#include "unit.h"

static struct edit_text t;
static struct why why;

static void set_text(const char *text)
{
	free(t.text);
	t = (struct edit_text){strdup(text), strlen(text)};
	assert_non_null(t.text);
}

static int teardown(void **state)
{
	(void)state;
	free(t.text);
	t = (struct edit_text){0};
	return 0;
}

static void assert_text(const char *text)
{
	assert_string_equal(t.text, text);
	assert_int_equal(t.len, strlen(text));
}

static void adds_a_member_in_the_style_of_the_others(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"{\"a\":1}", "{\"a\":1,\"k\": 2}"},
		{"{ \"a\": 1 }", "{ \"a\": 1, \"k\": 2 }"},
		{"{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\t\"k\": 2\n}\n"},
		{"{\r\n  \"a\": 1\r\n}", "{\r\n  \"a\": 1,\r\n  \"k\": 2\r\n}"},
		{"{\"a\":1,\n\n   \"b\" : [] }", "{\"a\":1,\n\n   \"b\" : [],\n   \"k\": 2 }"},
		{"{\"a\":1\n,\"b\":{}}", "{\"a\":1\n,\"b\":{},\"k\": 2}"},
		{"{}", "{\n  \"k\": 2\n}"},
		{"{ \n}", "{\n  \"k\": 2 \n}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		set_text(cases[i].before);
		assert_int_equal(edit_add(&t, NULL, "k", "2", &why), 0);
		assert_text(cases[i].after);
	}
}

static void removing_an_added_member_restores_the_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(daemon_jsons); i++) {
		struct json_doc *doc = NULL;
		bool empty;

		set_text(daemon_jsons[i]);
		assert_int_equal(json_parse(t.text, t.len, &doc, &why), 0);
		empty = !json_root(doc)->first;
		json_free(doc);
		assert_int_equal(edit_add(&t, NULL, "k", "{ \"x\": [1] }", &why), 0);
		assert_int_equal(edit_add(&t, "k", "y", "null", &why), 0);
		assert_int_equal(edit_remove(&t, "k", "y", &why), 0);
		assert_int_equal(edit_remove(&t, NULL, "k", &why), 0);
		if (!empty)
			assert_text(daemon_jsons[i]);
	}
}

static void removes_the_first_the_middle_and_the_last(void **state)
{
	static const struct {
		const char *key, *after;
	} cases[] = {
		{"a", "{ \"b\" : [ 2 ] ,\n \"c\":{} }"},
		{"b", "{ \"a\": 1.5 ,\n \"c\":{} }"},
		{"c", "{ \"a\": 1.5, \"b\" : [ 2 ] }"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		set_text("{ \"a\": 1.5, \"b\" : [ 2 ] ,\n \"c\":{} }");
		assert_int_equal(edit_remove(&t, NULL, cases[i].key, &why), 0);
		assert_text(cases[i].after);
	}
	set_text("{ \"a\": 1 }");
	assert_int_equal(edit_remove(&t, NULL, "a", &why), 0);
	assert_text("{ }");
}

static void changes_nothing_but_the_value(void **state)
{
	static const char *const values[] = {"1",	  "-1.5e3",  "true",	  "null",
					     "\"x, :}\"", "[ 1,2 ]", "{\"y\":{}}"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		char *text = NULL;

		assert_true(asprintf(&text, "{ \"a\"  :\t%s , \"b\": {\"a\":%s}}", values[i],
				     values[i]) > 0);
		set_text(text);
		assert_int_equal(edit_set(&t, NULL, "a", "\"n\"", &why), 0);
		assert_int_equal(edit_set(&t, "b", "a", "7", &why), 0);
		assert_text("{ \"a\"  :\t\"n\" , \"b\": {\"a\":7}}");
		free(text);
	}
}

static void refuses_what_it_does_not_understand(void **state)
{
	(void)state;
	set_text("{\"a\":1, \"o\": 2,}");
	assert_int_equal(edit_add(&t, NULL, "k", "2", &why), -EINVAL);
	set_text("[1]");
	assert_int_equal(edit_add(&t, NULL, "k", "2", &why), -EINVAL);
	assert_contains(why.text, "expected an object");
	set_text("{\"a\":1}");
	assert_int_equal(edit_add(&t, NULL, "a", "2", &why), -EINVAL);
	assert_contains(why.text, "\"a\" exists already");
	assert_int_equal(edit_add(&t, "a", "k", "2", &why), -EINVAL);
	assert_contains(why.text, "expected an object");
	assert_int_equal(edit_add(&t, "o", "k", "2", &why), -EINVAL);
	assert_contains(why.text, "there is no \"o\"");
	assert_int_equal(edit_set(&t, NULL, "k", "2", &why), -EINVAL);
	assert_int_equal(edit_remove(&t, NULL, "k", &why), -EINVAL);
	assert_contains(why.text, "there is no \"k\"");
	assert_text("{\"a\":1}");
}

#define EDIT_TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EDIT_TEST(adds_a_member_in_the_style_of_the_others),
		EDIT_TEST(removing_an_added_member_restores_the_text),
		EDIT_TEST(removes_the_first_the_middle_and_the_last),
		EDIT_TEST(changes_nothing_but_the_value),
		EDIT_TEST(refuses_what_it_does_not_understand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
