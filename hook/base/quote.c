/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* char may be signed or not: everything that is not ASCII is below ' ' or above '~'. */
static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Writes one character, escaped, as a string; returns its length (1 to 4). */
static size_t quote_char(char out[5], char c)
{
	int n;

	if (c == '"' || c == '\\')
		n = snprintf(out, 5, "\\%c", c);
	else if (c == '\n')
		n = snprintf(out, 5, "\\n");
	else if (!is_printable(c))
		n = snprintf(out, 5, "\\x%02x", (unsigned char)c);
	else
		n = snprintf(out, 5, "%c", c);
	return (size_t)n;
}

const char *quote_into(struct quoted *q, const char *text, size_t len)
{
	int saved = errno; /* often printed together with strerror(errno) */
	char *out = q->text;

	*out++ = '"';
	for (size_t i = 0; i < len && i < QUOTE_MAX_BYTES; i++)
		out += quote_char(out, text[i]);
	memcpy(out, len > QUOTE_MAX_BYTES ? "...\"" : "\"\0..", 5);
	errno = saved;
	return q->text;
}

void quote_write(FILE *out, const char *text)
{
	char escaped[5] = "";

	fputc('"', out);
	for (; *text; text++)
		fwrite(escaped, 1, quote_char(escaped, *text), out);
	fputc('"', out);
}

bool quote_is_plain(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > QUOTE_MAX_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_printable(text[i]) || strchr(" \"\\=", text[i]))
			return false;
	}
	return true;
}

bool quote_is_printable(const char *text)
{
	while (*text && is_printable(*text))
		text++;
	return *text == '\0';
}

/* Only characters that sh does not interpret, wherever they stand in a word. */
static bool is_safe_word(const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_./:@%+,-";

	return *text && text[strspn(text, safe)] == '\0';
}

char *quote_word(const char *text)
{
	size_t len = strlen(text);
	char *word, *at;

	if (!quote_is_printable(text))
		return NULL;
	if (is_safe_word(text))
		return strdup(text);
	word = malloc(4 * len + sizeof("''"));
	if (!word)
		return NULL;
	at = word;
	*at++ = '\'';
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			at = stpcpy(at, "'\\''");
		else
			*at++ = *c;
	}
	stpcpy(at, "'");
	return word;
}
