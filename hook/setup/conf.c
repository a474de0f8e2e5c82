/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/conf.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/toml.h"

#include <string.h>

#define MAX_DEPTH 16

static void drop_string(struct conf_list *list, const char *string)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->strings[i], string) == 0)
			free(list->strings[i]);
		else
			list->strings[kept++] = list->strings[i];
	}
	list->n = kept;
}

int conf_add(struct conf_list *list, const char *string)
{
	char *copy = strdup(string);
	char **strings = reallocarray(list->strings, list->n + 1, sizeof(*strings));

	if (strings)
		list->strings = strings;
	if (!strings || !copy) {
		free(copy);
		return -ENOMEM;
	}
	drop_string(list, string);
	strings[list->n++] = copy;
	return 0;
}

static void clear_list(struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->strings[i]);
	free(list->strings);
	list->strings = NULL;
	list->n = 0;
}

/* Once set, it holds for later files that do not set it (attributedstring in containers/common). */
static void read_append(const struct toml *toml, const char *key, struct conf_list *list)
{
	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];
		const char *member = toml_below(item->path, key);

		if (member && item->text && strcmp(member, TOML_ELEMENT TOML_SEP "append") == 0)
			list->append = strcmp(item->text, "true") == 0;
	}
}

static int add_strings(const struct toml *toml, const char *name, const char *key,
		       struct conf_list *list)
{
	int r = 0;

	if (!toml_find(toml, key))
		return 0;
	read_append(toml, key, list);
	if (!list->append)
		clear_list(list);
	free(list->file);
	list->file = strdup(name);
	if (!list->file)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < toml->n; i++) {
		if (toml_is_string_in(&toml->items[i], key))
			r = conf_add(list, toml->items[i].text);
	}
	return r;
}

/* 1 and *ret; 0: no such file; -errno. */
static int read_toml(const struct setup_place *place, const char *name, struct toml *ret,
		     struct why *why)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = place_read(place, name, &text, &len, why);

	if (r <= 0)
		return r;
	r = toml_parse(text, len, ret, why);
	return r < 0 ? why_prefix(why, r, name) : 1;
}

int conf_read(const struct setup_place *place, const char *name, const char *key,
	      struct conf_list *list, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	int r = read_toml(place, name, &toml, why);

	if (r <= 0)
		return r;
	r = add_strings(&toml, name, key, list);
	return r < 0 ? why_set(why, -r, "%s: %s", name, strerror(-r)) : 0;
}

char *conf_string(const struct setup_place *place, const char *name, const char *key)
{
	_cleanup_(toml_free) struct toml toml = {0};
	const struct toml_item *item;
	struct why unused;

	if (read_toml(place, name, &toml, &unused) <= 0)
		return NULL;
	item = toml_find(&toml, key);
	return item && item->kind == TOML_STRING ? strdup(item->text) : NULL;
}

/* What is read of a directory. */
struct walk {
	const struct setup_place *place;
	bool is_tree;	 /* everything below it; else only its files *.conf */
	const char *but; /* of a tree: not this file */
	const char *key;
	struct conf_list *list;
};

static int walk_directory(const struct walk *walk, const char *name, unsigned int depth,
			  struct why *why)
{
	struct place_entry *entries = NULL;
	int n = place_list(walk->place, name, &entries, why), r = n < 0 ? n : 0;

	for (int i = 0; r == 0 && i < n; i++) {
		_cleanup_free_ char *path = text_new("%s/%s", name, entries[i].name);

		if (!path)
			r = why_no_memory(why);
		else if (entries[i].is_directory && depth == MAX_DEPTH)
			r = why_set(why, EINVAL, "%s: nested too deeply", path);
		else if (entries[i].is_directory)
			r = walk->is_tree ? walk_directory(walk, path, depth + 1, why) : 0;
		else if (walk->is_tree ? strcmp(path, walk->but) != 0 : text_ends_in(path, ".conf"))
			r = conf_read(walk->place, path, walk->key, walk->list, why);
	}
	place_list_free(entries, n);
	return r;
}

int conf_read_directory(const struct setup_place *place, const char *name, const char *key,
			struct conf_list *list, struct why *why)
{
	const struct walk walk = {.place = place, .key = key, .list = list};

	return walk_directory(&walk, name, 0, why);
}

/* filepath.Walk(): each directory's entries by name, hidden ones too; links are not followed. */
int conf_read_tree(const struct setup_place *place, const char *name, const char *but,
		   const char *key, struct conf_list *list, struct why *why)
{
	const struct walk walk = {
		.place = place, .is_tree = true, .but = but ? but : "", .key = key, .list = list};

	return walk_directory(&walk, name, 0, why);
}

bool conf_has(const struct conf_list *list, const char *string)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->strings[i], string) == 0)
			return true;
	}
	return false;
}

void conf_free(struct conf_list *list)
{
	clear_list(list);
	free(list->file);
	*list = (struct conf_list){0};
}
