/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json-write.h"

#include "json-text.h"

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
		cmocka_unit_test(writes_an_object),
		cmocka_unit_test(reports_a_full_output),
		cmocka_unit_test(does_nothing_without_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
