/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/toml.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAX_DEPTH 32
#define MAX_ITEMS 100000

struct parser {
	const char *text;
	size_t len, at;
	struct toml toml;
	size_t room;
	unsigned int depth;
	struct why *why;
};

static int parse_value(struct parser *p, const char *path);

static int complain(const struct parser *p, const char *what)
{
	unsigned int line = 1;

	for (size_t i = 0; i < p->at && i < p->len; i++)
		line += p->text[i] == '\n';
	return why_set(p->why, EINVAL, "%s in line %u", what, line);
}

static int no_memory(const struct parser *p)
{
	return why_set(p->why, ENOMEM, "out of memory");
}

/* The next byte, or NUL at the end (which is in no TOML). */
static char peek(const struct parser *p)
{
	return p->at < p->len ? p->text[p->at] : '\0';
}

static bool take(struct parser *p, const char *token)
{
	size_t n = strlen(token);

	if (p->len - p->at < n || memcmp(p->text + p->at, token, n) != 0)
		return false;
	p->at += n;
	return true;
}

static void skip_blanks(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->at++;
}

static void skip_comment(struct parser *p)
{
	skip_blanks(p);
	if (peek(p) == '#') {
		while (p->at < p->len && peek(p) != '\n')
			p->at++;
	}
}

/* Blanks, comments and line ends. */
static void skip_lines(struct parser *p)
{
	do
		skip_comment(p);
	while (take(p, "\n") || take(p, "\r\n"));
}

static int end_of_line(struct parser *p)
{
	skip_comment(p);
	if (p->at == p->len || take(p, "\n") || take(p, "\r\n"))
		return 0;
	return complain(p, "something unexpected");
}

/* Takes @path over. *ret_index: the items may move. */
static int add_item(struct parser *p, enum toml_kind kind, char *path, size_t *ret_index)
{
	if (p->toml.n == MAX_ITEMS) {
		free(path);
		return complain(p, "too much");
	}
	if (p->toml.n == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct toml_item *items = realloc(p->toml.items, room * sizeof(*items));

		if (!items) {
			free(path);
			return no_memory(p);
		}
		p->toml.items = items;
		p->room = room;
	}
	*ret_index = p->toml.n++;
	p->toml.items[*ret_index] = (struct toml_item){.kind = kind, .path = path, .start = p->at};
	return 0;
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

static int put_escape(struct parser *p, bool long_form, FILE *out)
{
	static const char names[] = "btnfr\"\\e", bytes[] = "\b\t\n\f\r\"\\\x1b";
	char c = peek(p);
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
			return complain(p, "a wrong escape");
		put_utf8(out, strtoul(hex, NULL, 16));
		p->at += 1 + digits;
		return 0;
	}
	if (!long_form || !c || !strchr(" \t\r\n", c))
		return complain(p, "a wrong escape");
	/* A line that goes on: all blanks up to the next word are nothing. */
	while (p->at < p->len && strchr(" \t\r\n", peek(p)))
		p->at++;
	return 0;
}

/* Up to and with @quote, which is one or three of these. */
static int read_string(struct parser *p, const char *quote, FILE *out)
{
	bool long_form = strlen(quote) == 3;

	if (long_form && !take(p, "\n"))
		take(p, "\r\n");
	while (!take(p, quote)) {
		char c = peek(p);
		int r;

		if (!c || (!long_form && c == '\n'))
			return complain(p, "a string without an end");
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
	for (int i = 0; long_form && i < 2 && peek(p) == *quote; i++, p->at++)
		fputc(*quote, out);
	return 0;
}

/* Of any of the four kinds of string; *ret is to be freed. */
static int parse_string(struct parser *p, char **ret)
{
	static const char *const quotes[] = {"\"\"\"", "'''", "\"", "'"};
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r = 0;

	if (!out)
		return no_memory(p);
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		if (take(p, quotes[i])) {
			r = read_string(p, quotes[i], out);
			break;
		}
	}
	if (fclose(out) != 0)
		return no_memory(p);
	if (r == 0)
		*ret = TAKE_PTR(text);
	return r;
}

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static int parse_part(struct parser *p, char **ret)
{
	size_t start = p->at;

	if (peek(p) == '"' || peek(p) == '\'')
		return parse_string(p, ret);
	while (is_bare(peek(p)))
		p->at++;
	if (p->at == start)
		return complain(p, "no key where one should be");
	*ret = strndup(p->text + start, p->at - start);
	return *ret ? 0 : no_memory(p);
}

static char *join(const char *path, const char *part)
{
	char *whole;

	return asprintf(&whole, "%s%s%s", path, *path ? TOML_SEP : "", part) < 0 ? NULL : whole;
}

/* `a."b.c".d`, below @path. *ret is to be freed. */
static int parse_key(struct parser *p, const char *path, char **ret)
{
	_cleanup_free_ char *whole = strdup(path);

	do {
		_cleanup_free_ char *part = NULL;
		char *longer;
		int r;

		skip_blanks(p);
		r = parse_part(p, &part);
		if (r < 0)
			return r;
		if (strpbrk(part, TOML_SEP))
			return complain(p, "a key with a control character");
		longer = whole ? join(whole, part) : NULL;
		if (!longer)
			return no_memory(p);
		free(whole);
		whole = longer;
		skip_blanks(p);
	} while (take(p, "."));
	*ret = TAKE_PTR(whole);
	return 0;
}

static int parse_pair(struct parser *p, const char *path)
{
	_cleanup_free_ char *key = NULL;
	int r = parse_key(p, path, &key);

	if (r < 0)
		return r;
	if (!take(p, "="))
		return complain(p, "a key without \"=\"");
	skip_blanks(p);
	return parse_value(p, key);
}

/* The members of an array or an inline table, whose opening bracket is read. */
static int parse_members(struct parser *p, const char *path, bool is_array)
{
	const char *close = is_array ? "]" : "}";

	for (;;) {
		int r;

		skip_lines(p);
		if (take(p, close))
			return 0;
		r = is_array ? parse_value(p, path) : parse_pair(p, path);
		if (r < 0)
			return r;
		skip_lines(p);
		if (take(p, ","))
			continue;
		return take(p, close) ? 0 : complain(p, "neither \",\" nor an end");
	}
}

static int parse_bare(struct parser *p, char **ret)
{
	size_t start = p->at, end;

	while (p->at < p->len && !strchr(",]}#\r\n", peek(p)))
		p->at++;
	end = p->at;
	while (end > start && (p->text[end - 1] == ' ' || p->text[end - 1] == '\t'))
		end--;
	p->at = end;
	if (end == start)
		return complain(p, "no value where one should be");
	*ret = strndup(p->text + start, end - start);
	return *ret ? 0 : no_memory(p);
}

static int parse_value(struct parser *p, const char *path)
{
	enum toml_kind kind = TOML_OTHER;
	_cleanup_free_ char *inner = NULL, *text = NULL;
	size_t index = 0;
	int r;

	if (++p->depth > MAX_DEPTH)
		return complain(p, "nested too deeply");
	if (peek(p) == '"' || peek(p) == '\'')
		kind = TOML_STRING;
	else if (peek(p) == '[')
		kind = TOML_ARRAY;
	else if (peek(p) == '{')
		kind = TOML_INLINE;
	inner = kind == TOML_ARRAY ? join(path, TOML_ELEMENT) : strdup(path);
	if (!inner)
		return no_memory(p);
	r = add_item(p, kind, strdup(path), &index);
	if (r < 0)
		return r;
	p->at += kind == TOML_ARRAY || kind == TOML_INLINE;
	r = kind == TOML_STRING	 ? parse_string(p, &text)
	    : kind == TOML_OTHER ? parse_bare(p, &text)
				 : parse_members(p, inner, kind == TOML_ARRAY);
	p->toml.items[index].end = p->at;
	p->toml.items[index].text = TAKE_PTR(text);
	p->depth--;
	return r;
}

/* `[a.b]` or `[[a.b]]`; *table is exchanged. */
static int parse_header(struct parser *p, char **table)
{
	bool is_array = p->at + 1 < p->len && p->text[p->at + 1] == '[';
	size_t start = p->at, index = 0;
	char *path = NULL;
	int r;

	p->at += is_array ? 2 : 1;
	r = parse_key(p, "", &path);
	if (r == 0 && !take(p, is_array ? "]]" : "]"))
		r = complain(p, "a table's name without an end");
	if (r == 0) {
		free(*table);
		*table = path;
		r = add_item(p, TOML_TABLE, strdup(path), &index);
	} else {
		free(path);
	}
	if (r == 0) {
		p->toml.items[index].start = start;
		p->toml.items[index].end = p->at;
	}
	return r;
}

int toml_parse(const char *text, size_t len, struct toml *ret, struct why *why)
{
	struct parser p = {.text = text, .len = len, .why = why};
	_cleanup_free_ char *table = strdup("");
	int r = table ? 0 : no_memory(&p);

	for (skip_lines(&p); r == 0 && p.at < p.len; skip_lines(&p)) {
		r = peek(&p) == '[' ? parse_header(&p, &table) : parse_pair(&p, table);
		if (r == 0)
			r = end_of_line(&p);
	}
	for (size_t i = 0; r == 0 && i < p.toml.n; i++) {
		if (!p.toml.items[i].path)
			r = no_memory(&p);
	}
	if (r < 0) {
		toml_free(&p.toml);
		return r;
	}
	*ret = p.toml;
	return 0;
}

void toml_free(struct toml *toml)
{
	for (size_t i = 0; i < toml->n; i++) {
		free(toml->items[i].path);
		free(toml->items[i].text);
	}
	free(toml->items);
	*toml = (struct toml){0};
}

const struct toml_item *toml_find(const struct toml *toml, const char *path)
{
	for (size_t i = 0; i < toml->n; i++) {
		if (strcmp(toml->items[i].path, path) == 0)
			return &toml->items[i];
	}
	return NULL;
}
