/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/toml-string.h"

#include "base/cleanup.h"

#include <string.h>

int toml_complain(const struct toml_parser *p, const char *what)
{
	unsigned int line = 1;

	for (size_t i = 0; i < p->at && i < p->len; i++)
		line += p->text[i] == '\n';
	return why_set(p->why, EINVAL, "%s in line %u", what, line);
}

int toml_no_memory(const struct toml_parser *p)
{
	return why_set(p->why, ENOMEM, "out of memory");
}

char toml_peek(const struct toml_parser *p)
{
	if (p->at >= p->len)
		return '\0';
	return p->text[p->at];
}

bool toml_take(struct toml_parser *p, const char *token)
{
	size_t n = strlen(token);

	if (p->len - p->at < n || memcmp(p->text + p->at, token, n) != 0)
		return false;
	p->at += n;
	return true;
}

static void put_utf8(FILE *out, unsigned long c)
{
	if (c < 0x80) {
		fputc((int)c, out);
	} else if (c < 0x800) {
		fprintf(out, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		fprintf(out, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)),
			(int)(0x80 | (c & 0x3f)));
	} else {
		fprintf(out, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)),
			(int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
	}
}

static int put_escape(struct toml_parser *p, bool long_form, FILE *out)
{
	static const char names[] = "btnfr\"\\e", bytes[] = "\b\t\n\f\r\"\\\x1b";
	char c = toml_peek(p);
	const char *name = c ? strchr(names, c) : NULL;
	size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
	char hex[9] = "";

	if (name) {
		fputc(bytes[name - names], out);
		p->at++;
		return 0;
	}
	if (digits && p->len - p->at > digits) {
		memcpy(hex, p->text + p->at + 1, digits);
		if (strspn(hex, "0123456789abcdefABCDEF") != digits)
			return toml_complain(p, "a wrong escape");
		put_utf8(out, strtoul(hex, NULL, 16));
		p->at += 1 + digits;
		return 0;
	}
	if (!long_form || !c || !strchr(" \t\r\n", c))
		return toml_complain(p, "a wrong escape");
	/* A line that goes on: all blanks up to the next word are nothing. */
	while (p->at < p->len && strchr(" \t\r\n", toml_peek(p)))
		p->at++;
	return 0;
}

/* Up to and with @quote, which is one or three of these. */
static int read_string(struct toml_parser *p, const char *quote, FILE *out)
{
	bool long_form = strlen(quote) == 3;

	if (long_form && !toml_take(p, "\n"))
		toml_take(p, "\r\n");
	while (!toml_take(p, quote)) {
		char c = toml_peek(p);
		int r;

		if (!c || (!long_form && c == '\n'))
			return toml_complain(p, "a string without an end");
		p->at++;
		if (c != '\\' || *quote == '\'') {
			fputc(c, out);
			continue;
		}
		r = put_escape(p, long_form, out);
		if (r < 0)
			return r;
	}
	/* Four or five quotes: the first ones are text. */
	for (int i = 0; long_form && i < 2 && toml_peek(p) == *quote; i++, p->at++)
		fputc(*quote, out);
	return 0;
}

int toml_parse_string(struct toml_parser *p, char **ret)
{
	static const char *const quotes[] = {"\"\"\"", "'''", "\"", "'"};
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r = 0;

	if (!out)
		return toml_no_memory(p);
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		if (toml_take(p, quotes[i])) {
			r = read_string(p, quotes[i], out);
			break;
		}
	}
	if (fclose(out) != 0)
		return toml_no_memory(p);
	if (r == 0)
		*ret = TAKE_PTR(text);
	return r;
}
