/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-table.h"

#include "base/quote.h"
#include "base/text.h"

#include <string.h>

/* --- reading an object by its table ---------------------------------------------------------- */

/* An object that is being read: @value, called @path in messages ("" is the file). */
struct object {
	const struct json *value;
	const char *path;
	const char *prefix; /* prefix of its keys in the table: "", "match." */
	const struct config_table *table;
	void *target;
	struct config_origin *origins;
};

static void read_object(struct config_reader *reader, const struct object *object);

/* The part of @key after the object's prefix; NULL: it belongs to another object. */
static const char *key_in(const struct object *object, const struct config_key *key)
{
	size_t len = strlen(object->prefix);

	return strncmp(key->path, object->prefix, len) == 0 ? key->path + len : NULL;
}

/* Is @member named @name, or the object that contains @name ("match.engine")? */
static bool leads_to(const struct json *member, const char *name)
{
	return strcspn(name, ".") == member->key_len &&
	       memcmp(name, member->key, member->key_len) == 0;
}

static const struct config_key *find_key(const struct object *object, const struct json *member)
{
	for (size_t i = 0; i < object->table->n; i++) {
		const char *name = key_in(object, &object->table->keys[i]);

		if (name && leads_to(member, name))
			return &object->table->keys[i];
	}
	return NULL;
}

static void unknown_key(struct config_reader *reader, const struct object *object,
			const struct json *member)
{
	struct text known = {""};
	const char *before = "";

	for (size_t i = 0; i < object->table->n; i++) {
		const char *name = key_in(object, &object->table->keys[i]);
		size_t len = name ? strcspn(name, ".") : 0;

		if (!name || (strcspn(before, ".") == len && strncmp(before, name, len) == 0))
			continue;
		text_add(&known, "%s%.*s", *known.s ? ", " : "", (int)len, name);
		before = name;
	}
	config_complain(reader, config_line(reader->text, member->offset),
			"%s%sunknown key %s: expected one of %s", object->path,
			*object->path ? ": " : "", quote_n(member->key, member->key_len), known.s);
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

static void read_value(struct config_reader *reader, const struct json *value, const char *path,
		       const struct object *object, const struct config_key *key)
{
	void *target = (char *)object->target + key->offset;
	unsigned int errors = reader->errors;

	if (key->words)
		config_read_choice(reader, value, path, key->words, target);
	else
		key->type->read(reader, value, path, target);
	if (object->origins && reader->errors == errors)
		object->origins[key - object->table->keys] = (struct config_origin){
			reader->file, config_line(reader->text, value->offset)};
}

static void read_member(struct config_reader *reader, const struct object *object,
			const struct json *member)
{
	const struct config_key *key = find_key(object, member);
	struct object inner = *object;
	struct text path, prefix;

	if (!key) {
		unknown_key(reader, object, member);
		return;
	}
	text_into(&path, "%s%s%s", object->path, *object->path ? "." : "", member->key);
	if (config_is_duplicate(reader, object->value, member, path.s))
		return;
	text_into(&prefix, "%s%s.", object->prefix, member->key);
	if (strncmp(key->path, prefix.s, strlen(prefix.s)) != 0) {
		read_value(reader, member, path.s, object, key);
		return;
	}
	inner.value = member;
	inner.path = path.s;
	inner.prefix = prefix.s;
	read_object(reader, &inner);
}

static void read_object(struct config_reader *reader, const struct object *object)
{
	if (object->value->type != JSON_OBJECT) {
		config_fail(reader, object->value, *object->path ? object->path : "the file",
			    "an object");
		return;
	}
	json_foreach (member, object->value)
		read_member(reader, object, member);
}

void config_read_object(struct config_reader *reader, const struct json *value, const char *path,
			const struct config_table *table, void *target,
			struct config_origin *origins)
{
	read_object(reader, &(struct object){value, path, "", table, target, origins});
}

/* --- showing it ------------------------------------------------------------------------------ */

struct place {
	const struct config_table *table;
	const void *object;
	const struct config_origin *origins; /* NULL: not shown */
};

/* The next key from @i on that has a value to show; NULL at the end. */
static const struct config_key *next_key(const struct place *place, size_t i)
{
	for (; i < place->table->n; i++) {
		const struct config_key *key = &place->table->keys[i];

		if (key->words || !key->type->is_set ||
		    key->type->is_set((const char *)place->object + key->offset))
			return key;
	}
	return NULL;
}

/* The length of "match." in "match.engine"; 0 for a top-level key. */
static size_t group_len(const struct config_key *key)
{
	const char *dot = key ? strchr(key->path, '.') : NULL;

	return dot ? (size_t)(dot + 1 - key->path) : 0;
}

static bool is_same_group(const struct config_key *a, const struct config_key *b)
{
	return a && b && group_len(a) == group_len(b) &&
	       strncmp(a->path, b->path, group_len(a)) == 0;
}

static void show_origin(const struct place *place, const struct config_key *key, FILE *out)
{
	const struct config_origin *origin;

	if (place->origins) {
		origin = &place->origins[key - place->table->keys];
		if (origin->file)
			fprintf(out, " // %s:%u", origin->file, origin->line);
		else
			fputs(" // default", out);
	}
	putc('\n', out);
}

static void show_value(const void *target, const struct config_key *key, FILE *out)
{
	if (key->words)
		config_show_choice(target, key->words, out);
	else
		key->type->show(target, out);
}

static void show_members(const struct place *place, const char *indent, FILE *out)
{
	const struct config_key *key = next_key(place, 0), *before = NULL, *next;

	for (; key; before = key, key = next) {
		size_t group = group_len(key);

		next = next_key(place, (size_t)(key - place->table->keys) + 1);
		if (group && !is_same_group(before, key))
			fprintf(out, "%s\"%.*s\": {\n", indent, (int)group - 1, key->path);
		fprintf(out, "%s%s\"%s\": ", indent, group ? "  " : "", key->path + group);
		show_value((const char *)place->object + key->offset, key, out);
		if (next && (!group || is_same_group(key, next)))
			putc(',', out);
		show_origin(place, key, out);
		if (group && !is_same_group(key, next))
			fprintf(out, "%s}%s\n", indent, next ? "," : "");
	}
}

void config_show_object(const struct config_table *table, const void *target,
			const struct config_origin *origins, const char *indent, FILE *out)
{
	show_members(&(struct place){table, target, origins}, indent, out);
}
