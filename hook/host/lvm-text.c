/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lvm-text.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#define MAX_DEPTH 16
#define MAX_ITEMS 1000000
#define BLANKS	  " \t\r\n"

struct parser {
	const char *at, *end;
	struct lvm_text text;
	size_t room;
};

static char peek(const struct parser *p)
{
	if (p->at == p->end)
		return '\0';
	return *p->at;
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static void skip_blanks(struct parser *p)
{
	for (;;) {
		while (is_one_of(peek(p), BLANKS))
			p->at++;
		if (peek(p) != '#')
			return;
		while (p->at < p->end && *p->at != '\n')
			p->at++;
	}
}

static bool take_char(struct parser *p, char c)
{
	skip_blanks(p);
	if (peek(p) != c || p->at == p->end)
		return false;
	p->at++;
	return true;
}

/* "..." with \" and \\, or '...' */
static int read_string(struct parser *p, char **ret)
{
	char quote = *p->at++, *out = malloc((size_t)(p->end - p->at) + 1);
	size_t n = 0;

	if (!out)
		return -ENOMEM;
	while (p->at < p->end && *p->at != quote) {
		if (quote == '"' && *p->at == '\\' && p->at + 1 < p->end)
			p->at++;
		out[n++] = *p->at++;
	}
	out[n] = '\0';
	if (p->at == p->end) {
		free(out);
		return -EINVAL;
	}
	p->at++;
	*ret = realloc(out, n + 1);
	return *ret ? 0 : -ENOMEM;
}

/* A string, a number or a name: what comes before a blank or a sign of the format. */
static int read_word(struct parser *p, char **ret)
{
	const char *start;

	skip_blanks(p);
	if (peek(p) == '"' || peek(p) == '\'')
		return read_string(p, ret);
	for (start = p->at; peek(p) && !is_one_of(peek(p), BLANKS "#={}[],\"'");)
		p->at++;
	if (p->at == start)
		return -EINVAL;
	*ret = strndup(start, (size_t)(p->at - start));
	return *ret ? 0 : -ENOMEM;
}

static int read_array(struct parser *p)
{
	while (!take_char(p, ']')) {
		_cleanup_free_ char *element = NULL;
		int r = read_word(p, &element);

		if (r < 0)
			return r;
		take_char(p, ',');
	}
	return 0;
}

/* Takes @path and @value over. */
static int append_value(struct parser *p, char *path, char *value)
{
	if (p->text.n == p->room && p->room < MAX_ITEMS) {
		size_t room = p->room ? p->room * 2 : 64;
		struct lvm_item *items = reallocarray(p->text.items, room, sizeof(*items));

		if (items) {
			p->text.items = items;
			p->room = room;
		}
	}
	if (p->text.n == p->room) {
		free(path);
		free(value);
		return p->room < MAX_ITEMS ? -ENOMEM : -EINVAL;
	}
	p->text.items[p->text.n++] = (struct lvm_item){path, value};
	return 0;
}

static int read_value(struct parser *p, char *path)
{
	char *value = NULL;
	int r = take_char(p, '[') ? read_array(p) : read_word(p, &value);

	if (r == 0)
		return append_value(p, path, value);
	free(path);
	return r;
}

static int read_value_or_section(struct parser *p, const char *section, unsigned int depth)
{
	_cleanup_free_ char *name = NULL, *path = NULL;
	int r = depth > MAX_DEPTH ? -EINVAL : read_word(p, &name);

	if (r < 0)
		return r;
	path = text_new("%s%s%s", section, *section ? "/" : "", name);
	if (!path)
		return -ENOMEM;
	if (take_char(p, '='))
		return read_value(p, TAKE_PTR(path));
	if (!take_char(p, '{'))
		return -EINVAL;
	while (r == 0 && !take_char(p, '}'))
		r = read_value_or_section(p, path, depth + 1);
	return r;
}

int lvm_text_parse(const char *text, size_t len, struct lvm_text *ret)
{
	struct parser p = {.at = text, .end = text + len};
	int r = 0;

	for (skip_blanks(&p); r == 0 && p.at < p.end; skip_blanks(&p))
		r = read_value_or_section(&p, "", 0);
	if (r < 0)
		lvm_text_free(&p.text);
	else
		*ret = p.text;
	return r;
}

void lvm_text_free(struct lvm_text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		free(text->items[i].path);
		free(text->items[i].value);
	}
	free(text->items);
	*text = (struct lvm_text){0};
}

const char *lvm_text_find(const struct lvm_text *text, const char *path)
{
	for (size_t i = text->n; i-- > 0;) {
		if (strcmp(text->items[i].path, path) == 0)
			return text->items[i].value;
	}
	return NULL;
}
