/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

/* A runtime-spec has about a thousand values: allocate in blocks, not one by one. */
#define BLOCK_BYTES (32UL * 1024)

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

struct json_doc {
	struct block *blocks;
	struct json *root;
};

struct parser {
	struct json_doc *doc;
	yajl_handle yajl;
	struct json *open[JSON_MAX_DEPTH]; /* the objects and arrays around the current position */
	struct json **append[JSON_MAX_DEPTH]; /* where each one's next member goes */
	size_t depth, levels; /* what is deeper than @levels is checked, but not kept */
	struct json dropped;
	const char *key;
	size_t key_len, key_end;
	const char *error; /* why a callback stopped */
};

static void *doc_alloc(struct json_doc *doc, size_t size)
{
	struct block *block = doc->blocks;
	void *p;

	size = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct block){.next = doc->blocks, .size = room};
		doc->blocks = block;
	}
	p = block->bytes + block->used;
	block->used += size;
	return p;
}

static const char *doc_copy(struct json_doc *doc, const char *text, size_t len)
{
	char *copy = doc_alloc(doc, len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

static struct json *add_value(struct parser *p, enum json_type type, const char *text, size_t len)
{
	struct json *value;
	const char *copy;

	if (p->depth > p->levels)
		return &p->dropped;
	value = doc_alloc(p->doc, sizeof(*value));
	copy = doc_copy(p->doc, text, len);
	if (!value || !copy) {
		p->error = "out of memory";
		return NULL;
	}
	*value = (struct json){
		.type = type,
		.key = TAKE_PTR(p->key),
		.key_len = p->key_len,
		.key_end = p->key_end,
		.offset = yajl_get_bytes_consumed(p->yajl),
		.end = yajl_get_bytes_consumed(p->yajl),
		.text = copy,
		.len = len,
	};
	if (p->depth == 0) {
		p->doc->root = value;
	} else {
		*p->append[p->depth - 1] = value;
		p->append[p->depth - 1] = &value->next;
	}
	return value;
}

static int on_null(void *ctx)
{
	return add_value(ctx, JSON_NULL, "null", 4) != NULL;
}

static int on_boolean(void *ctx, int value)
{
	return add_value(ctx, JSON_BOOL, value ? "true" : "false", value ? 4 : 5) != NULL;
}

static int on_number(void *ctx, const char *text, size_t len)
{
	return add_value(ctx, JSON_NUMBER, text, len) != NULL;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	return add_value(ctx, JSON_STRING, (const char *)text, len) != NULL;
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
	struct parser *p = ctx;

	if (p->depth > p->levels)
		return 1;
	p->key = doc_copy(p->doc, (const char *)text, len);
	p->key_len = len;
	p->key_end = yajl_get_bytes_consumed(p->yajl);
	if (!p->key)
		p->error = "out of memory";
	return p->key != NULL;
}

static int open_container(struct parser *p, enum json_type type)
{
	struct json *value;

	if (p->depth == JSON_MAX_DEPTH) {
		p->error = "nested too deeply";
		return 0;
	}
	value = add_value(p, type, "", 0);
	if (!value)
		return 0;
	p->open[p->depth] = value;
	p->append[p->depth++] = &value->first;
	return 1;
}

static int on_open_object(void *ctx)
{
	return open_container(ctx, JSON_OBJECT);
}

static int on_open_array(void *ctx)
{
	return open_container(ctx, JSON_ARRAY);
}

static int on_close(void *ctx)
{
	struct parser *p = ctx;

	p->open[--p->depth]->end = yajl_get_bytes_consumed(p->yajl);
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_open_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_close,
	.yajl_start_array = on_open_array,
	.yajl_end_array = on_close,
};

static void cleanup_yajl(yajl_handle *handle)
{
	if (*handle)
		yajl_free(*handle);
}

/* Where a comment or string that begins at @at ends; @at + 1 if none begins there. */
static size_t skip_quiet(const char *text, size_t at, size_t end)
{
	const char *close = text[at] == '"' ? "\"" : NULL;

	if (text[at] == '/' && at + 1 < end)
		close = text[at + 1] == '/' ? "\n" : text[at + 1] == '*' ? "*/" : NULL;
	if (!close)
		return at + 1;
	for (at += *close == '"' ? 1 : 2; at < end; at++) {
		if (*close == '"' && text[at] == '\\')
			at++;
		else if (text[at] == *close && end - at >= strlen(close) &&
			 memcmp(text + at, close, strlen(close)) == 0)
			return at + strlen(close);
	}
	return end;
}

/* Is a bracket at @end closed right behind a comma? The commonest slip of people. */
static bool is_trailing_comma(const char *text, size_t end)
{
	char last = '\0';

	for (size_t at = 0, next; at < end; at = next) {
		next = skip_quiet(text, at, end);
		if (text[at] != '/' && !strchr(" \t\r\n", text[at]))
			last = text[at];
	}
	return last == ',' && (text[end] == '}' || text[end] == ']');
}

/* Never ask for yajl's verbose error: it contains raw input. */
static int parse_error(struct parser *p, const char *text, size_t len, struct why *why)
{
	size_t offset = yajl_get_bytes_consumed(p->yajl);
	unsigned char *message;

	if (p->error)
		return why_set(why, EINVAL, "%s", p->error);
	message = yajl_get_error(p->yajl, 0, (const unsigned char *)text, len);
	if (!message)
		return why_set(why, EINVAL, "not JSON");
	/* The first line, without its full stop. */
	why_set(why, 0, "%s%.*s",
		offset && offset <= len && is_trailing_comma(text, offset - 1) ? "trailing comma? "
									       : "",
		(int)strcspn((char *)message, ".\n"), (char *)message);
	yajl_free_error(p->yajl, message);
	return -EINVAL;
}

static int parse_into(struct parser *p, const char *text, size_t len, size_t *ret_offset,
		      struct why *why)
{
	const unsigned char *bytes = (const unsigned char *)text;
	yajl_status status = yajl_parse(p->yajl, bytes, len);

	*ret_offset = yajl_get_bytes_consumed(p->yajl);
	if (status != yajl_status_ok)
		return parse_error(p, text, len, why);
	/* Only this detects a number at the very end, and a truncated document. */
	if (yajl_complete_parse(p->yajl) == yajl_status_ok && p->doc->root)
		return 0;
	if (p->error)
		return parse_error(p, text, len, why);
	*ret_offset = len;
	return why_set(why, EINVAL, "%s", len ? "ends in the middle" : "empty");
}

/* *ret is the text read, also on failure; or NULL. */
static int parse_document(const char *text, size_t len, yajl_option option, size_t levels,
			  struct json_doc **ret, size_t *ret_offset, struct why *why)
{
	struct json_doc *doc = calloc(1, sizeof(*doc));
	struct parser parser = {.doc = doc, .levels = levels};
	_cleanup_(cleanup_yajl) yajl_handle yajl = yajl_alloc(&callbacks, NULL, &parser);

	*ret = NULL;
	*ret_offset = 0;
	if (!doc || !yajl) {
		free(doc);
		return why_no_memory(why);
	}
	if (option)
		yajl_config(yajl, option, 1);
	parser.yajl = yajl;
	*ret = doc;
	return parse_into(&parser, text, len, ret_offset, why);
}

/* What people write has lines; what programs write has one. */
static int blame_place(const char *text, size_t offset, const struct why *inner, int err,
		       struct why *why)
{
	size_t column;
	unsigned int line = json_line(text, offset, &column);

	if (line == 1)
		return why_set(why, err, "%s at byte %zu", inner->text, offset);
	return why_set(why, err, "%s at byte %zu (line %u, column %zu)", inner->text, offset, line,
		       column);
}

unsigned int json_line(const char *text, size_t offset, size_t *ret_column)
{
	unsigned int line = 1;
	size_t start = 0;

	for (size_t i = 0; i + 1 < offset; i++) {
		if (text[i] != '\n')
			continue;
		line++;
		start = i + 1;
	}
	*ret_column = offset > start ? offset - start : 1;
	return line;
}

static int parse_whole(const char *text, size_t len, yajl_option option, size_t levels,
		       struct json_doc **ret, struct why *why)
{
	struct json_doc *doc;
	struct why inner;
	size_t offset;
	int r = parse_document(text, len, option, levels, &doc, &offset, &inner);

	if (r < 0) {
		json_free(doc);
		return blame_place(text, offset, &inner, -r, why);
	}
	*ret = doc;
	return 0;
}

int json_parse(const char *text, size_t len, struct json_doc **ret, struct why *why)
{
	return parse_whole(text, len, 0, JSON_MAX_DEPTH, ret, why);
}

int json_parse_levels(const char *text, size_t len, size_t levels, struct json_doc **ret,
		      struct why *why)
{
	return parse_whole(text, len, 0, levels, ret, why);
}

int json_parse_bytes(const char *text, size_t len, struct json_doc **ret, struct why *why)
{
	return parse_whole(text, len, yajl_dont_validate_strings, JSON_MAX_DEPTH, ret, why);
}

int json_parse_commented(const char *text, size_t len, struct json_doc **ret, size_t *ret_offset,
			 struct why *why)
{
	struct json_doc *doc;
	int r = parse_document(text, len, yajl_allow_comments, JSON_MAX_DEPTH, &doc, ret_offset,
			       why);

	if (r < 0)
		json_free(doc);
	else
		*ret = doc;
	return r;
}

int json_read_at(int dir_fd, const char *path, size_t max_bytes, struct json_doc **ret,
		 struct why *why)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = file_read_at(dir_fd, path, max_bytes, &text, &len);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return why_set(why, -r, "%s", strerror(-r));
	r = json_parse(text, len, ret, why);
	return r < 0 ? r : 1;
}

void json_free(struct json_doc *doc)
{
	if (!doc)
		return;
	for (struct block *block = doc->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(doc);
}

const struct json *json_root(const struct json_doc *doc)
{
	return doc->root;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	    [JSON_BOOL] = "a boolean", [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
	};

	return names[type];
}

int json_member(const struct json *parent, const char *key, enum json_type type,
		const struct json **ret, struct why *why)
{
	const struct json *found = NULL;
	size_t key_len = strlen(key);

	if (parent->type != JSON_OBJECT)
		return why_set(why, EINVAL, "expected an object, found %s, at byte %zu",
			       json_type_name(parent->type), parent->offset);
	json_foreach (member, parent) {
		if (member->key_len != key_len || memcmp(member->key, key, key_len) != 0)
			continue;
		if (found)
			return why_set(why, EINVAL, "duplicate key %s at byte %zu", quote(key),
				       member->offset);
		found = member;
	}
	if (!found)
		return 0;
	if (found->type != type)
		return why_set(why, EINVAL, "%s: expected %s, found %s, at byte %zu", quote(key),
			       json_type_name(type), json_type_name(found->type), found->offset);
	*ret = found;
	return 1;
}

int json_object(const struct json *parent, const char *key, const struct json **ret,
		struct why *why)
{
	const struct json *null;
	struct why ignored;

	if (json_member(parent, key, JSON_NULL, &null, &ignored) > 0)
		return 0;
	return json_member(parent, key, JSON_OBJECT, ret, why);
}

int json_string(const struct json *parent, const char *key, const char **ret, struct why *why)
{
	const struct json *value = NULL;
	int r = json_member(parent, key, JSON_STRING, &value, why);

	if (r <= 0 || !value)
		return r;
	if (memchr(value->text, '\0', value->len))
		return why_set(why, EINVAL, "%s: NUL in the string at byte %zu", quote(key),
			       value->offset);
	*ret = value->text;
	return 1;
}

int json_integer(const struct json *parent, const char *key, int64_t *ret, struct why *why)
{
	const struct json *value = NULL;
	int r = json_member(parent, key, JSON_NUMBER, &value, why);
	char *end;
	long long n;

	if (r <= 0 || !value)
		return r;
	errno = 0;
	n = strtoll(value->text, &end, 10);
	if (errno || *end)
		return why_set(why, EINVAL, "%s: expected a whole number at byte %zu", quote(key),
			       value->offset);
	*ret = n;
	return 1;
}

/* The writer is just a yajl_gen. */
static yajl_gen gen_of(struct json_writer *w)
{
	return (yajl_gen)w;
}

/* yajl's own check accepts overlong forms and surrogates. */
static void write_text(struct json_writer *w, const char *text)
{
	const char *safe = utf8_is_valid(text) ? text : quote(text);

	yajl_gen_string(gen_of(w), (const unsigned char *)safe, strlen(safe));
}

static void write_key(struct json_writer *w, const char *key)
{
	if (key)
		write_text(w, key);
}

struct json_writer *json_writer_begin(void)
{
	yajl_gen gen = yajl_gen_alloc(NULL);

	if (gen)
		yajl_gen_map_open(gen);
	return (struct json_writer *)gen;
}

void json_write_object(struct json_writer *w, const char *key)
{
	if (!w)
		return;
	write_key(w, key);
	yajl_gen_map_open(gen_of(w));
}

void json_write_close(struct json_writer *w)
{
	if (w)
		yajl_gen_map_close(gen_of(w));
}

void json_write_array(struct json_writer *w, const char *key)
{
	if (!w)
		return;
	write_key(w, key);
	yajl_gen_array_open(gen_of(w));
}

void json_write_array_close(struct json_writer *w)
{
	if (w)
		yajl_gen_array_close(gen_of(w));
}

void json_write_string(struct json_writer *w, const char *key, const char *value)
{
	if (!w)
		return;
	write_key(w, key);
	if (value)
		write_text(w, value);
	else
		yajl_gen_null(gen_of(w));
}

void json_write_u64(struct json_writer *w, const char *key, uint64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, value);

	if (!w)
		return;
	write_key(w, key);
	yajl_gen_number(gen_of(w), digits, (size_t)n);
}

void json_write_u64_if(struct json_writer *w, const char *key, bool known, uint64_t value)
{
	if (known)
		json_write_u64(w, key, value);
	else
		json_write_string(w, key, NULL);
}

void json_write_known_u64(struct json_writer *w, const char *key, uint64_t value)
{
	json_write_u64_if(w, key, value != 0, value);
}

void json_write_bool(struct json_writer *w, const char *key, bool value)
{
	if (!w)
		return;
	write_key(w, key);
	yajl_gen_bool(gen_of(w), value);
}

int json_writer_end(struct json_writer *w, FILE *out)
{
	const unsigned char *text;
	size_t len;
	int r = 0;

	if (!w)
		return -ENOMEM;
	if (yajl_gen_map_close(gen_of(w)) != yajl_gen_generation_complete &&
	    yajl_gen_get_buf(gen_of(w), &text, &len) == yajl_gen_status_ok) {
		if (fwrite(text, 1, len, out) != len || fputc('\n', out) == EOF || fflush(out) != 0)
			r = -EIO;
	} else {
		r = -ENOMEM;
	}
	yajl_gen_free(gen_of(w));
	return r;
}
