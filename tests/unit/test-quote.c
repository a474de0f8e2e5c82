/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quote.h"

#include "unit.h"

static void shows_plain_text_unchanged(void **state)
{
	(void)state;
	assert_string_equal(quote(""), "\"\"");
	assert_string_equal(quote("a b=c'd%"), "\"a b=c'd%\"");
	assert_string_equal(quote("~ !"), "\"~ !\"");
}

static void escapes_everything_else(void **state)
{
	(void)state;
	assert_string_equal(quote("\""), "\"\\\"\"");
	assert_string_equal(quote("\\"), "\"\\\\\"");
	assert_string_equal(quote("a\nb"), "\"a\\nb\"");
	assert_string_equal(quote("\x1b[2J\r\t"), "\"\\x1b[2J\\x0d\\x09\"");
	assert_string_equal(quote("\x7f\x80\xff"), "\"\\x7f\\x80\\xff\"");
	assert_string_equal(quote_n("a\0b", 3), "\"a\\x00b\"");
	assert_string_equal(quote_n("abc", 2), "\"ab\"");
}

static void leaves_nothing_but_printable_ascii(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char in = (char)c;
		const char *quoted = quote_n(&in, 1);
		size_t len = strlen(quoted) - 2; /* without the quotes */

		assert_in_range(len, 1, 4);
		for (size_t i = 0; i < len; i++)
			assert_in_range(quoted[i], 0x20, 0x7e);
		/* an escape is recognised, and other text does not look like one */
		assert_int_equal(len > 1, c < 0x20 || c >= 0x7f || c == '"' || c == '\\');
	}
}

static void writes_all_of_a_long_text(void **state)
{
	char text[301], *written;
	FILE *out = text_stream(&written);
	size_t len;

	(void)state;
	memset(text, '\n', 300);
	text[300] = '\0';
	quote_write(out, text);
	quote_write(out, "");
	fclose(out);
	len = strlen(written);
	assert_int_equal(len, 2 + 2 * 300 + 2);
	assert_int_equal(strncmp(written, "\"\\n\\n", 5), 0);
	assert_string_equal(written + len - 5, "\\n\"\"\"");
	free(written);
}

static void truncates_long_text(void **state)
{
	char text[200];
	const char *quoted;

	(void)state;
	memset(text, 'x', sizeof(text));
	quoted = quote_n(text, 128);
	assert_int_equal(strlen(quoted), 130);
	assert_lacks(quoted, "...");
	quoted = quote_n(text, 129);
	assert_int_equal(strlen(quoted), 133);
	assert_string_equal(quoted + 128, "x...\"");
	memset(text, 0x01, sizeof(text));
	quoted = quote_n(text, 200); /* the longest result */
	assert_int_equal(strlen(quoted), sizeof(struct quoted) - 1);
	assert_string_equal(quoted + 4 * 128, "1...\"");
}

static void only_printable_ascii_is_printable(void **state)
{
	char text[] = "a?b";

	(void)state;
	for (int c = 1; c <= 255; c++) {
		text[1] = (char)c;
		assert_int_equal(quote_is_printable(text), c >= 0x20 && c < 0x7f);
	}
	assert_true(quote_is_printable(""));
}

static void recognises_plain_text(void **state)
{
	static const char *const not_plain[] = {"",    "a b", "a\tb", "a\"",  "a\\",
						"a=b", "a\n", "\x7f", "\x80", "\xc3\xa4"};
	char text[130] = {0};

	(void)state;
	assert_true(quote_is_plain("a"));
	assert_true(quote_is_plain("docker-8:1-42_x.y/z,[]{}%'"));
	for (size_t i = 0; i < COUNT_OF(not_plain); i++)
		assert_false(quote_is_plain(not_plain[i]));
	memset(text, 'x', 128);
	assert_true(quote_is_plain(text));
	text[128] = 'x';
	assert_false(quote_is_plain(text));
}

static void expect_word(const char *text, const char *want)
{
	char *word = quote_word(text);

	if (want)
		assert_string_equal(word, want);
	else
		assert_null(word);
	free(word);
}

static void quotes_words_for_sh(void **state)
{
	(void)state;
	expect_word("/var/lib/a_b-c.d:1,2@3%4+5", "/var/lib/a_b-c.d:1,2@3%4+5");
	expect_word("", "''");
	expect_word("a b", "'a b'");
	expect_word("it's", "'it'\\''s'");
	expect_word("$(reboot)`;&|<>*?[]{}!#~\\\"", "'$(reboot)`;&|<>*?[]{}!#~\\\"'");
	expect_word("a=b", "'a=b'");
	expect_word("~root", "'~root'");
	expect_word("a\nb", NULL);
	expect_word("\x1b[2J", NULL);
	expect_word("\xc3\xa4", NULL);
	expect_word("\x7f", NULL);
}

/* sh itself must read the quoted words unchanged. */
static void sh_reads_quoted_words_unchanged(void **state)
{
	static const char *const texts[] = {"''", "'", "a'b'c", "\\'", "$HOME", "a  b", "!!"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		char *word = quote_word(texts[i]), *command = NULL, back[64] = "";
		FILE *sh;

		assert_true(asprintf(&command, "printf %%s %s", word) > 0);
		sh = popen(command, "r");
		assert_non_null(sh);
		back[fread(back, 1, sizeof(back) - 1, sh)] = '\0';
		assert_int_equal(pclose(sh), 0);
		assert_string_equal(back, texts[i]);
		free(word);
		free(command);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_plain_text_unchanged),
		cmocka_unit_test(escapes_everything_else),
		cmocka_unit_test(leaves_nothing_but_printable_ascii),
		cmocka_unit_test(writes_all_of_a_long_text),
		cmocka_unit_test(truncates_long_text),
		cmocka_unit_test(only_printable_ascii_is_printable),
		cmocka_unit_test(recognises_plain_text),
		cmocka_unit_test(quotes_words_for_sh),
		cmocka_unit_test(sh_reads_quoted_words_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
