/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-value.h"

#include "base/quote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config_chunk {
	struct config_chunk *next;
	_Alignas(max_align_t) char bytes[];
};

unsigned int config_line(const char *text, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

void config_complain(struct config_reader *reader, unsigned int line, const char *format, ...)
{
	struct why what, why;
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(what.text, sizeof(what.text), format, ap) < 0)
		what.text[0] = '\0';
	va_end(ap);
	if (line)
		why_set(&why, 0, "%s:%u: %s", reader->file, line, what.text);
	else
		why_set(&why, 0, "%s: %s", reader->file, what.text);
	if (reader->errors++ == 0)
		reader->policy->broken = config_strdup(reader, why.text);
	if (reader->listener->tell)
		reader->listener->tell(&why, reader->listener->context);
}

/* A number is what yajl let through: digits, signs, a point, an e. */
static const char *found_into(struct why *out, const struct json *value)
{
	if (value->type == JSON_STRING)
		why_set(out, 0, "%s", quote_n(value->text, value->len));
	else if (value->type == JSON_NUMBER)
		why_set(out, 0, "%.40s", value->text);
	else
		why_set(out, 0, "%s", json_type_name(value->type));
	return out->text;
}

void config_fail(struct config_reader *reader, const struct json *value, const char *path,
		 const char *expected)
{
	struct why found;

	config_complain(reader, config_line(reader->text, value->offset),
			"%s: expected %s, found %s", path, expected, found_into(&found, value));
}

void config_no_memory(struct config_reader *reader)
{
	if (reader->errors++ == 0)
		reader->policy->broken = "out of memory";
}

void *config_alloc(struct config_reader *reader, size_t size)
{
	struct config_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk) {
		config_no_memory(reader);
		return NULL;
	}
	chunk->next = reader->policy->memory->chunks;
	reader->policy->memory->chunks = chunk;
	return chunk->bytes;
}

const char *config_strdup(struct config_reader *reader, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = config_alloc(reader, size);

	return copy ? memcpy(copy, text, size) : NULL;
}

void config_free(struct policy *policy)
{
	struct config_memory *memory = policy->memory;

	for (struct config_chunk *chunk = memory ? memory->chunks : NULL, *next; chunk;
	     chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(memory);
	*policy = policy_builtin;
}

static bool is_same_key(const struct json *a, const struct json *b)
{
	return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

bool config_is_duplicate(struct config_reader *reader, const struct json *object,
			 const struct json *member, const char *path)
{
	for (const struct json *other = object->first; other != member; other = other->next) {
		if (!is_same_key(other, member))
			continue;
		config_complain(reader, config_line(reader->text, member->offset),
				"%s: expected this key once, found it again (first in line %u)",
				path, config_line(reader->text, other->offset));
		return true;
	}
	return false;
}

static void unknown_key(struct config_reader *reader, const struct json *member, const char *path,
			const struct config_field *fields, size_t n)
{
	char known[512] = "";

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(known);

		snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "", fields[i].key);
	}
	config_complain(reader, config_line(reader->text, member->offset),
			"%s%sunknown key %s: expected one of %s", path, *path ? ": " : "",
			quote_n(member->key, member->key_len), known);
}

static void read_member(struct config_reader *reader, const struct json *member, const char *path,
			const struct config_field *field, void *target)
{
	unsigned int errors = reader->errors;

	field->read(reader, member, path, (char *)target + field->offset);
	if (field->origin != CONFIG_NO_ORIGIN && reader->errors == errors)
		reader->policy->memory->origins[field->origin] = (struct config_origin){
			reader->file, config_line(reader->text, member->offset)};
}

void config_read_object(struct config_reader *reader, const struct json *value, const char *path,
			const struct config_field *fields, size_t n, void *target)
{
	if (value->type != JSON_OBJECT) {
		config_fail(reader, value, *path ? path : "the file", "an object");
		return;
	}
	json_foreach (member, value) {
		const struct config_field *field = fields;
		struct why inner;

		while (field < fields + n &&
		       (strlen(field->key) != member->key_len ||
			memcmp(field->key, member->key, member->key_len) != 0))
			field++;
		if (field == fields + n) {
			unknown_key(reader, member, path, fields, n);
			continue;
		}
		why_set(&inner, 0, "%s%s%s", path, *path ? "." : "", field->key);
		if (!config_is_duplicate(reader, value, member, inner.text))
			read_member(reader, member, inner.text, field, target);
	}
}
