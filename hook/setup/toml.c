/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/toml.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define MAX_DEPTH 32
#define MAX_ITEMS 100000

struct toml_parser {
	const char *text;
	size_t len, at;
	struct toml toml;
	size_t room, key, base; /* of the item that is read next */
	unsigned int depth;
	struct why *why;
};

static int toml_complain(const struct toml_parser *p, const char *what)
{
	unsigned int line = 1;

	for (size_t i = 0; i < p->at && i < p->len; i++)
		line += p->text[i] == '\n';
	return why_set(p->why, EINVAL, "%s in line %u", what, line);
}

static char toml_peek(const struct toml_parser *p)
{
	if (p->at >= p->len)
		return '\0';
	return p->text[p->at];
}

static bool toml_take(struct toml_parser *p, const char *token)
{
	size_t n = strlen(token);

	if (p->len - p->at < n || memcmp(p->text + p->at, token, n) != 0)
		return false;
	p->at += n;
	return true;
}

/* --- strings, of any of the four kinds ------------------------------------------------------- */

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
			return toml_complain(p, "an invalid escape");
		put_utf8(out, strtoul(hex, NULL, 16));
		p->at += 1 + digits;
		return 0;
	}
	if (!long_form || !c || !strchr(" \t\r\n", c))
		return toml_complain(p, "an invalid escape");
	/* A line continuation: blanks up to the next word are skipped. */
	while (p->at < p->len && strchr(" \t\r\n", toml_peek(p)))
		p->at++;
	return 0;
}

/* Up to and including @quote, one or three quotation marks. */
static int read_string(struct toml_parser *p, const char *quote, FILE *out)
{
	bool long_form = strlen(quote) == 3;

	if (long_form && !toml_take(p, "\n"))
		toml_take(p, "\r\n");
	while (!toml_take(p, quote)) {
		char c = toml_peek(p);
		int r;

		if (!c || (!long_form && c == '\n'))
			return toml_complain(p, "an unterminated string");
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

static int toml_parse_string(struct toml_parser *p, char **ret)
{
	static const char *const quotes[] = {"\"\"\"", "'''", "\"", "'"};
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r = 0;

	if (!out)
		return why_no_memory(p->why);
	for (size_t i = 0; i < COUNT(quotes); i++) {
		if (toml_take(p, quotes[i])) {
			r = read_string(p, quotes[i], out);
			break;
		}
	}
	if (fclose(out) != 0)
		return why_no_memory(p->why);
	if (r == 0)
		*ret = TAKE_PTR(text);
	return r;
}

/* --- items ----------------------------------------------------------------------------------- */

static int parse_value(struct toml_parser *p, const char *path);

static void skip_blanks(struct toml_parser *p)
{
	while (toml_peek(p) == ' ' || toml_peek(p) == '\t')
		p->at++;
}

/* "{{ ... }}" of a Go template. */
static bool skip_action(struct toml_parser *p)
{
	size_t at = p->at;

	if (!toml_take(p, "{{"))
		return false;
	while (p->at < p->len) {
		if (toml_take(p, "}}"))
			return true;
		p->at++;
	}
	p->at = at;
	return false;
}

static void skip_comment(struct toml_parser *p)
{
	do
		skip_blanks(p);
	while (skip_action(p));
	if (toml_peek(p) == '#') {
		while (p->at < p->len && toml_peek(p) != '\n')
			p->at++;
	}
}

/* Blanks, comments and line ends. */
static void skip_lines(struct toml_parser *p)
{
	do
		skip_comment(p);
	while (toml_take(p, "\n") || toml_take(p, "\r\n"));
}

static int end_of_line(struct toml_parser *p)
{
	skip_comment(p);
	if (p->at == p->len || toml_take(p, "\n") || toml_take(p, "\r\n"))
		return 0;
	return toml_complain(p, "unexpected text");
}

/* Takes @path over. *ret_index: the items may move. */
static int add_item(struct toml_parser *p, enum toml_kind kind, char *path, size_t *ret_index)
{
	if (p->toml.n == MAX_ITEMS) {
		free(path);
		return toml_complain(p, "too many items");
	}
	if (p->toml.n == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct toml_item *items = realloc(p->toml.items, room * sizeof(*items));

		if (!items) {
			free(path);
			return why_no_memory(p->why);
		}
		p->toml.items = items;
		p->room = room;
	}
	*ret_index = p->toml.n++;
	p->toml.items[*ret_index] = (struct toml_item){
		.kind = kind,
		.path = path,
		.start = p->at,
		.key = p->key,
		.base = p->base,
		.inner = p->depth > 1,
	};
	return 0;
}

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static int parse_part(struct toml_parser *p, char **ret)
{
	size_t start = p->at;

	if (toml_peek(p) == '"' || toml_peek(p) == '\'')
		return toml_parse_string(p, ret);
	while (is_bare(toml_peek(p)))
		p->at++;
	if (p->at == start)
		return toml_complain(p, "a missing key");
	*ret = strndup(p->text + start, p->at - start);
	return *ret ? 0 : why_no_memory(p->why);
}

static char *join(const char *path, const char *part)
{
	return text_new("%s%s%s", path, *path ? TOML_SEP : "", part);
}

/* `a."b.c".d`, below @path. *ret is to be freed. */
static int parse_key(struct toml_parser *p, const char *path, char **ret)
{
	_cleanup_free_ char *whole = strdup(path);

	do {
		_cleanup_free_ char *part = NULL;
		char *longer;
		int r;

		skip_blanks(p);
		r = parse_part(p, &part);
		if (r < 0 || !part)
			return r;
		if (strpbrk(part, TOML_SEP))
			return toml_complain(p, "a key with a control character");
		longer = whole ? join(whole, part) : NULL;
		if (!longer)
			return why_no_memory(p->why);
		free(whole);
		whole = longer;
		skip_blanks(p);
	} while (toml_take(p, "."));
	*ret = TAKE_PTR(whole);
	return 0;
}

static int parse_pair(struct toml_parser *p, const char *path)
{
	_cleanup_free_ char *key = NULL;
	size_t start = p->at;
	int r = parse_key(p, path, &key);

	if (r < 0 || !key)
		return r;
	if (!toml_take(p, "="))
		return toml_complain(p, "a key without \"=\"");
	skip_blanks(p);
	p->key = start;
	p->base = strlen(path);
	return parse_value(p, key);
}

static int parse_element(struct toml_parser *p, const char *path)
{
	p->key = p->at;
	p->base = strlen(path) - strlen(TOML_SEP TOML_ELEMENT);
	return parse_value(p, path);
}

/* The members of an array or an inline table, whose opening bracket is read. */
static int parse_members(struct toml_parser *p, const char *path, bool is_array)
{
	const char *close = is_array ? "]" : "}";

	for (;;) {
		int r;

		skip_lines(p);
		if (toml_take(p, close))
			return 0;
		r = is_array ? parse_element(p, path) : parse_pair(p, path);
		if (r < 0)
			return r;
		skip_lines(p);
		if (toml_take(p, ","))
			continue;
		return toml_take(p, close)
			       ? 0
			       : toml_complain(p, "expected \",\" or a closing bracket");
	}
}

static int parse_bare(struct toml_parser *p, char **ret)
{
	size_t start = p->at, end;

	while (p->at < p->len) {
		if (skip_action(p))
			continue;
		if (toml_take(p, "{{"))
			return toml_complain(p, "an unterminated template action");
		if (strchr(",]}#\r\n", toml_peek(p)))
			break;
		p->at++;
	}
	end = p->at;
	while (end > start && (p->text[end - 1] == ' ' || p->text[end - 1] == '\t'))
		end--;
	p->at = end;
	if (end == start)
		return toml_complain(p, "a missing value");
	*ret = strndup(p->text + start, end - start);
	return *ret ? 0 : why_no_memory(p->why);
}

static int parse_value(struct toml_parser *p, const char *path)
{
	enum toml_kind kind = TOML_OTHER;
	_cleanup_free_ char *inner = NULL, *text = NULL;
	size_t index = 0;
	int r;

	if (++p->depth > MAX_DEPTH)
		return toml_complain(p, "nested too deeply");
	if (toml_peek(p) == '"' || toml_peek(p) == '\'')
		kind = TOML_STRING;
	else if (toml_peek(p) == '[')
		kind = TOML_ARRAY;
	else if (toml_peek(p) == '{' && !(p->at + 1 < p->len && p->text[p->at + 1] == '{'))
		kind = TOML_INLINE;
	inner = kind == TOML_ARRAY ? join(path, TOML_ELEMENT) : strdup(path);
	if (!inner)
		return why_no_memory(p->why);
	r = add_item(p, kind, strdup(path), &index);
	if (r < 0)
		return r;
	p->at += kind == TOML_ARRAY || kind == TOML_INLINE;
	r = kind == TOML_STRING	 ? toml_parse_string(p, &text)
	    : kind == TOML_OTHER ? parse_bare(p, &text)
				 : parse_members(p, inner, kind == TOML_ARRAY);
	if (r == 0 && !text) {
		text = strndup(p->text + p->toml.items[index].start,
			       p->at - p->toml.items[index].start);
		r = text ? 0 : why_no_memory(p->why);
	}
	p->toml.items[index].end = p->at;
	p->toml.items[index].text = TAKE_PTR(text);
	p->depth--;
	return r;
}

/* `[a.b]` or `[[a.b]]`; *table is replaced. */
static int parse_header(struct toml_parser *p, char **table)
{
	bool is_array = p->at + 1 < p->len && p->text[p->at + 1] == '[';
	size_t start = p->at, index = 0;
	char *path = NULL;
	int r;

	p->at += is_array ? 2 : 1;
	r = parse_key(p, "", &path);
	if (r == 0 && !toml_take(p, is_array ? "]]" : "]"))
		r = toml_complain(p, "an unterminated table name");
	if (r == 0 && path) {
		free(*table);
		*table = path;
		p->key = start;
		p->base = 0;
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
	struct toml_parser p = {.text = text, .len = len, .why = why};
	_cleanup_free_ char *table = strdup("");
	int r = 0;

	if (!table)
		return why_no_memory(why);
	toml_take(&p, TOML_BOM);
	for (skip_lines(&p); r == 0 && p.at < p.len; skip_lines(&p)) {
		r = toml_peek(&p) == '[' ? parse_header(&p, &table) : parse_pair(&p, table);
		if (r == 0)
			r = end_of_line(&p);
	}
	for (size_t i = 0; r == 0 && i < p.toml.n; i++) {
		if (!p.toml.items[i].path)
			r = why_no_memory(why);
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

bool toml_is_at_or_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && (!path[len] || path[len] == *TOML_SEP);
}

const char *toml_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && path[len] == *TOML_SEP ? path + len + 1 : NULL;
}

bool toml_has(const struct toml *toml, const char *path)
{
	for (size_t i = 0; i < toml->n; i++) {
		if (toml_is_at_or_below(toml->items[i].path, path))
			return true;
	}
	return false;
}

bool toml_is_string_in(const struct toml_item *item, const char *path)
{
	const char *element = toml_below(item->path, path);

	return item->kind == TOML_STRING && element && strcmp(element, TOML_ELEMENT) == 0;
}

bool toml_has_element(const struct toml *toml, const char *path, const char *string)
{
	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

		if (toml_is_string_in(item, path) && strcmp(item->text, string) == 0)
			return true;
	}
	return false;
}

char *toml_quote(const char *text)
{
	_cleanup_free_ char *quoted = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&quoted, &size);

	if (!out)
		return NULL;
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (iscntrl((unsigned char)*c))
			fprintf(out, "\\u%04x", (unsigned int)(unsigned char)*c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
	return fclose(out) == 0 ? TAKE_PTR(quoted) : NULL;
}

char *toml_quote_key(const char *part)
{
	const char *c = part;

	while (is_bare(*c))
		c++;
	return *part && !*c ? strdup(part) : toml_quote(part);
}
