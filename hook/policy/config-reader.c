/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-reader.h"

#include "base/quote.h"
#include "base/text.h"

#include <stdarg.h>
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
	struct text what;
	struct why why;
	va_list ap;

	va_start(ap, format);
	text_into_va(&what, format, ap);
	va_end(ap);
	if (line)
		why_set(&why, 0, "%s:%u: %s", reader->file, line, what.s);
	else
		why_set(&why, 0, "%s: %s", reader->file, what.s);
	if (reader->errors++ == 0)
		reader->policy->broken = config_strdup(reader, why.text);
	if (reader->listener->tell)
		reader->listener->tell(&why, reader->listener->context);
}

/* yajl accepted it as a number: only digits, signs, a point and an e. */
static const char *found_into(struct text *out, const struct json *value)
{
	if (value->type == JSON_STRING)
		return text_into(out, "%s", quote_n(value->text, value->len));
	if (value->type == JSON_NUMBER)
		return text_into(out, "%.40s", value->text);
	return json_type_name(value->type);
}

void config_fail(struct config_reader *reader, const struct json *value, const char *path,
		 const char *expected)
{
	struct text found;

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

void config_note_file(struct config_reader *reader, const char *path, bool ignored)
{
	struct config_memory *memory = reader->policy->memory;
	struct config_file *file = config_alloc(reader, sizeof(*file));

	if (!file)
		return;
	*file = (struct config_file){.path = config_strdup(reader, path), .ignored = ignored};
	*(memory->last ? memory->last : &memory->files) = file;
	memory->last = &file->next;
}

void config_memory_free(struct config_memory *memory)
{
	for (struct config_chunk *chunk = memory ? memory->chunks : NULL, *next; chunk;
	     chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(memory);
}
