/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/toml-edit.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

#define BLANKS " \t"

static int splice(struct edit_text *t, size_t start, size_t end, const char *new, struct why *why)
{
	return edit_splice(t, start, end, new) < 0 ? why_no_memory(why) : 0;
}

static int parse_text(const struct edit_text *t, struct toml *toml, struct why *why)
{
	return toml_parse(t->text, t->len, toml, why);
}

static size_t line_start(const struct edit_text *t, size_t at)
{
	while (at > 0 && t->text[at - 1] != '\n')
		at--;
	return at;
}

/* The end of the line that has the byte at @at, after its newline. */
static size_t line_end(const struct edit_text *t, size_t at)
{
	const char *end = at < t->len ? memchr(t->text + at, '\n', t->len - at) : NULL;

	return end ? (size_t)(end - t->text) + 1 : t->len;
}

int toml_set(struct edit_text *t, const char *path, const char *value, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	const struct toml_item *item;
	int r = parse_text(t, &toml, why);

	if (r < 0)
		return r;
	item = toml_find(&toml, path);
	if (!item || item->kind == TOML_TABLE)
		return -ENOENT;
	return splice(t, item->start, item->end, value, why);
}

/* --- adding ---------------------------------------------------------------------------------- */

/* The last member of the value @container in braces or brackets; NULL: it is empty. */
static const struct toml_item *last_member(const struct toml *toml,
					   const struct toml_item *container)
{
	const struct toml_item *last = NULL;

	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

		/* Of nested values, the outer one comes first. */
		if (item->inner && item > container && item->end < container->end &&
		    (!last || item->start > last->end))
			last = item;
	}
	return last;
}

static int add_member(struct edit_text *t, const struct toml *toml,
		      const struct toml_item *container, const char *member, struct why *why)
{
	const struct toml_item *last = last_member(toml, container);
	size_t at = last ? last->end : container->start + 1;
	_cleanup_free_ char *text = text_new("%s%s", last ? ", " : "", member);

	return text ? splice(t, at, at, text, why) : why_no_memory(why);
}

/* `c = { d = { KEY = VALUE } }`, where @rest is the path "c", "d". */
static char *nest(const char *rest, const char *key, const char *value)
{
	size_t n = strcspn(rest, TOML_SEP);
	_cleanup_free_ char *part = strndup(rest, n), *name = NULL, *inner = NULL;

	if (!*rest)
		return text_new("%s = %s", key, value);
	name = part ? toml_quote_key(part) : NULL;
	inner = nest(rest + n + (rest[n] != '\0'), key, value);
	return name && inner ? text_new("%s = { %s }", name, inner) : NULL;
}

/* The innermost table in braces that has @table, or is it. */
static const struct toml_item *find_braces(const struct toml *toml, const char *table)
{
	const struct toml_item *found = NULL;

	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

		if (item->kind == TOML_INLINE && toml_is_at_or_below(table, item->path) &&
		    (!found || strlen(item->path) > strlen(found->path)))
			found = item;
	}
	return found;
}

/* How many bytes of the dotted key @item spell the path down to @table. */
static size_t spelled(const struct edit_text *t, const struct toml_item *item, const char *table)
{
	size_t parts = item->base ? 0 : 1, at = item->key;

	for (const char *c = table + item->base; *c; c++)
		parts += *c == *TOML_SEP;
	for (char quote = 0; at < item->start; at++) {
		char c = t->text[at];

		if (quote) {
			if (c == '\\' && quote == '"')
				at++;
			else if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '.' && --parts == 0) {
			break;
		}
	}
	return at - item->key;
}

/* Adds a line after @item, indented like it. */
static int add_line(struct edit_text *t, const struct toml_item *item, const char *prefix,
		    size_t prefix_len, const char *pair, struct why *why)
{
	size_t at = line_end(t, item->end), start = line_start(t, item->key);
	bool ends = at > 0 && t->text[at - 1] == '\n';
	_cleanup_free_ char *line =
		text_new("%s%.*s%.*s%s%s", ends ? "" : "\n", (int)strspn(t->text + start, BLANKS),
			 t->text + start, (int)prefix_len, prefix, pair, ends ? "\n" : "");

	return line ? splice(t, at, at, line, why) : why_no_memory(why);
}

static const struct toml_item *find_statement(const struct toml *toml, const char *table,
					      bool header)
{
	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

		if (header && item->kind == TOML_TABLE && strcmp(item->path, table) == 0)
			return item;
		/* A dotted key, which spells the table's name. */
		if (!header && item->kind != TOML_TABLE && !item->inner &&
		    item->base < strlen(table) && strcmp(item->path, table) != 0 &&
		    toml_is_at_or_below(item->path, table))
			return item;
	}
	return NULL;
}

/* Outside of all tables: after the first key there, or at the beginning. */
static int add_outermost(struct edit_text *t, const struct toml *toml, const char *pair,
			 struct why *why)
{
	_cleanup_free_ char *line = NULL;
	size_t start = strncmp(t->text, TOML_BOM, strlen(TOML_BOM)) == 0 ? strlen(TOML_BOM) : 0;

	if (toml->n && toml->items[0].kind != TOML_TABLE)
		return add_line(t, &toml->items[0], "", 0, pair, why);
	line = text_new("%s\n", pair);
	return line ? splice(t, start, start, line, why) : why_no_memory(why);
}

int toml_add(struct edit_text *t, const char *table, const char *key, const char *value,
	     struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	_cleanup_free_ char *name = toml_quote_key(key), *pair = NULL;
	const struct toml_item *item;
	size_t n;
	int r = parse_text(t, &toml, why);

	if (r < 0)
		return r;
	item = find_braces(&toml, table);
	if (item && name) {
		const char *rest = table + strlen(item->path);

		pair = nest(*rest ? rest + 1 : rest, name, value);
		return pair ? add_member(t, &toml, item, pair, why) : why_no_memory(why);
	}
	pair = name ? text_new("%s = %s", name, value) : NULL;
	if (!pair)
		return why_no_memory(why);
	if (!*table)
		return add_outermost(t, &toml, pair, why);
	item = find_statement(&toml, table, true);
	if (item)
		return add_line(t, item, "", 0, pair, why);
	item = find_statement(&toml, table, false);
	if (!item)
		return -ENOENT;
	n = spelled(t, item, table);
	free(pair);
	pair = text_new(".%s = %s", name, value);
	return pair ? add_line(t, item, t->text + item->key, n, pair, why) : why_no_memory(why);
}

int toml_put(struct edit_text *t, const char *table, const char *key, const char *value,
	     struct why *why)
{
	_cleanup_free_ char *path = text_new("%s%s%s", table, *table ? TOML_SEP : "", key);
	int r = path ? toml_set(t, path, value, why) : why_no_memory(why);

	return r == -ENOENT ? toml_add(t, table, key, value, why) : r;
}

int toml_add_element(struct edit_text *t, const char *path, const char *string, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	_cleanup_free_ char *element = toml_quote(string);
	const struct toml_item *array;
	int r = element ? parse_text(t, &toml, why) : why_no_memory(why);

	if (r < 0)
		return r;
	array = toml_find(&toml, path);
	if (!array || array->kind != TOML_ARRAY)
		return -ENOENT;
	return add_member(t, &toml, array, element, why);
}

int toml_append(struct edit_text *t, const char *block, struct why *why)
{
	bool ends = t->len == 0 || t->text[t->len - 1] == '\n';
	size_t len = strlen(block);
	_cleanup_free_ char *text = NULL;

	if (!ends && len && block[len - 1] == '\n')
		len--;
	text = text_new("%s%.*s", ends ? "" : "\n", (int)len, block);
	return text ? splice(t, t->len, t->len, text, why) : why_no_memory(why);
}

/* --- removing -------------------------------------------------------------------------------- */

/* Is the line from @start on @comment, but for blanks and its end? */
static bool is_comment(const struct edit_text *t, size_t start, const char *comment)
{
	size_t at = start + strspn(t->text + start, BLANKS), len = strlen(comment);

	if (t->len - at < len || memcmp(t->text + at, comment, len) != 0)
		return false;
	at += len;
	at += strspn(t->text + at, BLANKS "\r");
	return at == t->len || t->text[at] == '\n';
}

/* Where @comment on the line above a header or a key begins, or else its own line. */
static size_t find_comment(const struct edit_text *t, const struct toml_item *item,
			   const char *comment)
{
	size_t start = line_start(t, item->key), above = start ? line_start(t, start - 1) : start;

	return comment && above < start && is_comment(t, above, comment) ? above : start;
}

/* The lines of a header or a key with its value, and @comment above. */
static int cut_lines(struct edit_text *t, const struct toml_item *item, const char *comment,
		     struct why *why)
{
	size_t start = find_comment(t, item, comment), end = line_end(t, item->end);

	/* If the last line had no newline, what was the last line had none, either. */
	if (start > 0 && t->text[end - 1] != '\n')
		start -= start > 1 && t->text[start - 2] == '\r' ? 2 : 1;
	return splice(t, start, end, "", why);
}

/* The braces or brackets that @item is in. */
static const struct toml_item *find_container(const struct toml *toml, const struct toml_item *item)
{
	const struct toml_item *found = NULL;

	for (const struct toml_item *i = toml->items; i < item; i++) {
		if (i->kind != TOML_TABLE && i->start < item->key && i->end > item->end)
			found = i; /* the innermost one comes last */
	}
	return found;
}

/* A member of braces or brackets, with the comma before it or, for the first one, after it. */
static int cut_member(struct edit_text *t, const struct toml *toml, const struct toml_item *item,
		      struct why *why)
{
	const struct toml_item *container = find_container(toml, item);
	size_t start = 0, end = item->end, comma;

	for (const struct toml_item *i = container + 1; i < item; i++) {
		if (i->end > start)
			start = i->end;
	}
	if (start == 0) {
		start = item->key;
		comma = end + strspn(t->text + end, " \t\r\n");
		if (t->text[comma] == ',')
			end = comma + 1 + strspn(t->text + comma + 1, " \t\r\n");
	}
	return splice(t, start, end, "", why);
}

static int cut_item(struct edit_text *t, const struct toml *toml, const struct toml_item *item,
		    const char *comment, struct why *why)
{
	return item->inner ? cut_member(t, toml, item, why) : cut_lines(t, item, comment, why);
}

/* Removes the last one first. */
int toml_cut(struct edit_text *t, const char *path, const char *comment, struct why *why)
{
	for (;;) {
		_cleanup_(toml_free) struct toml toml = {0};
		const struct toml_item *last = NULL;
		int r = parse_text(t, &toml, why);

		if (r < 0)
			return r;
		for (size_t i = 0; i < toml.n; i++) {
			const struct toml_item *item = &toml.items[i];

			/* Members of a value that is removed are removed with it. */
			if (toml_is_at_or_below(item->path, path) &&
			    !(last && item->inner && item->end <= last->end))
				last = item;
		}
		if (!last)
			return 0;
		r = cut_item(t, &toml, last, comment, why);
		if (r < 0)
			return r;
	}
}

static bool is_empty_table(const struct toml *toml, const struct toml_item *item)
{
	const struct toml_item *next = item + 1;

	if (next == toml->items + toml->n)
		return item->kind == TOML_TABLE || item->kind == TOML_INLINE;
	if (item->kind == TOML_TABLE)
		return next->kind == TOML_TABLE;
	return item->kind == TOML_INLINE && next->start > item->end;
}

int toml_cut_empty(struct edit_text *t, const char *table, const char *comment, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	int r = parse_text(t, &toml, why);

	for (size_t i = toml.n; r == 0 && i > 0; i--) {
		const struct toml_item *item = &toml.items[i - 1];

		if (strcmp(item->path, table) == 0 && is_empty_table(&toml, item))
			r = cut_item(t, &toml, item, comment, why);
	}
	return r;
}

bool toml_is_marked(const struct edit_text *t, const char *table, const char *comment)
{
	_cleanup_(toml_free) struct toml toml = {0};
	const struct toml_item *header;
	struct why unused;

	if (parse_text(t, &toml, &unused) < 0)
		return false;
	header = find_statement(&toml, table, true);
	return header && find_comment(t, header, comment) < line_start(t, header->key);
}

int toml_cut_element(struct edit_text *t, const char *path, const char *string, struct why *why)
{
	for (;;) {
		_cleanup_(toml_free) struct toml toml = {0};
		const struct toml_item *found = NULL;
		int r = parse_text(t, &toml, why);

		for (size_t i = 0; r == 0 && i < toml.n; i++) {
			const struct toml_item *item = &toml.items[i];

			if (toml_is_string_in(item, path) && strcmp(item->text, string) == 0)
				found = item;
		}
		if (r < 0 || !found)
			return r;
		r = cut_member(t, &toml, found, why);
		if (r < 0)
			return r;
	}
}
