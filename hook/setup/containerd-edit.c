/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-edit.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <fnmatch.h>
#include <string.h>

#define DEFAULT_LINE CONTAINERD_DEFAULT " = \"" SETUP_RUNTIME_NAME "\"" CONTAINERD_LINE

static const struct toml_item *find_default(const struct containerd_config *config)
{
	_cleanup_free_ char *path = text_new("%s" TOML_SEP CONTAINERD_DEFAULT, config->cri);

	if (!path)
		return NULL;
	return toml_find(&config->toml, path);
}

bool containerd_is_default(const struct containerd_config *config)
{
	const struct toml_item *item = find_default(config);

	return item && item->text && strcmp(item->text, SETUP_RUNTIME_NAME) == 0;
}

bool containerd_has_import(const struct containerd_config *config, const char *import)
{
	for (size_t i = 0; i < config->toml.n; i++) {
		const struct toml_item *item = &config->toml.items[i];

		if (strcmp(item->path, "imports" TOML_SEP TOML_ELEMENT) == 0 && item->text &&
		    fnmatch(item->text, import, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

/* Behind the line in which the byte before @at is. */
static size_t next_line(const struct edit_text *t, size_t at)
{
	const char *end = memchr(t->text + at, '\n', t->len - at);

	return end ? (size_t)(end - t->text) + 1 : t->len;
}

/* The default, where config.toml has its table: by a value, or by a line behind the header. */
static int add_default(struct edit_text *t, const struct containerd_config *config, bool *ret_done,
		       struct why *why)
{
	const struct toml_item *item = find_default(config);
	int r = 0;

	*ret_done = true;
	if (containerd_is_default(config))
		return 0;
	if (item) {
		r = edit_splice(t, item->start, item->end, "\"" SETUP_RUNTIME_NAME "\"");
	} else if ((item = toml_find(&config->toml, config->cri)) && item->kind == TOML_TABLE) {
		size_t at = next_line(t, item->end);

		r = edit_splice(t, at, at,
				at && t->text[at - 1] == '\n' ? CONTAINERD_DEFAULT
					" = \"" SETUP_RUNTIME_NAME "\"" CONTAINERD_LINE
							      : "\n" CONTAINERD_DEFAULT
								" = \"" SETUP_RUNTIME_NAME
								"\"" CONTAINERD_LINE);
	} else {
		*ret_done = false;
	}
	return r < 0 ? why_no_memory(why) : 0;
}

static int append(struct edit_text *t, const char *text)
{
	int r = t->len && t->text[t->len - 1] != '\n' ? edit_splice(t, t->len, t->len, "\n") : 0;

	return r < 0 ? r : edit_splice(t, t->len, t->len, text);
}

int containerd_add_handler(struct edit_text *t, const struct containerd_config *config,
			   bool by_default, struct why *why)
{
	_cleanup_free_ char *block = NULL;
	bool done = true,
	     is_there = containerd_key(config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY) != NULL;
	int r = 0;

	if (by_default)
		r = add_default(t, config, &done, why);
	if (r < 0 || (is_there && done))
		return r;
	if (config->toml.n == 0) /* and then it would be of version 1 */
		r = edit_splice(t, 0, 0, "version = 2\n");
	block = is_there ? containerd_default_block(config) : containerd_block(config, !done);
	return r < 0 || !block || append(t, block) < 0 ? why_no_memory(why) : 0;
}

int containerd_add_import(struct edit_text *t, const struct containerd_config *config,
			  const char *import, struct why *why)
{
	const struct toml_item *array = toml_find(&config->toml, "imports"), *last = NULL;
	const struct toml_item *version = toml_find(&config->toml, "version");
	_cleanup_free_ char *text = NULL;
	size_t at;

	if (containerd_has_import(config, import))
		return 0;
	for (size_t i = 0; i < config->toml.n; i++) {
		if (strcmp(config->toml.items[i].path, "imports" TOML_SEP TOML_ELEMENT) == 0)
			last = &config->toml.items[i];
	}
	if (array && array->kind != TOML_ARRAY)
		return why_set(why, EINVAL, "has imports that are no array");
	at = last ? last->end : array ? array->start + 1 : next_line(t, version->end);
	text = last    ? text_new(", \"%s\"", import)
	       : array ? text_new("\"%s\"", import)
		       : text_new("%simports = [\"%s\"]" CONTAINERD_LINE,
				  t->text[at - 1] == '\n' ? "" : "\n", import);
	if (!text)
		return why_no_memory(why);
	return edit_splice(t, at, at, text) < 0 ? why_no_memory(why) : 0;
}

/* Removes our blocks. */
static int cut_blocks(struct edit_text *t)
{
	char *from, *to;
	int r = 0;

	while (r == 0 && (from = strstr(t->text, CONTAINERD_BEGIN)) &&
	       (to = strstr(from, CONTAINERD_END)))
		r = edit_splice(t, (size_t)(from - t->text),
				(size_t)(to - t->text) + strlen(CONTAINERD_END), "");
	return r;
}

int containerd_repair(struct edit_text *t, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	const struct toml_item *item;
	int r;

	if (strstr(t->text, CONTAINERD_BEGIN))
		return cut_blocks(t) < 0 ? why_no_memory(why) : 0;
	r = containerd_parse(t->text, t->len, &config, why);
	if (r < 0)
		return r;
	item = containerd_key(&config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY);
	if (!item)
		return why_set(why, EINVAL,
			       "has a handler " SETUP_RUNTIME_NAME " without BinaryName in its "
			       "options: remove it, or add BinaryName = \"%s\"",
			       RUNTIME_PATH);
	r = edit_splice(t, item->start, item->end, "\"" RUNTIME_PATH "\"");
	return r < 0 ? why_no_memory(why) : 0;
}

/* Removes all lines that are @line, which has its end with it, but for blanks before it. */
static int cut_line(struct edit_text *t, const char *line)
{
	size_t from = 0;
	int r = 0;

	for (char *at; r == 0 && (at = strstr(t->text + from, line));) {
		size_t found = (size_t)(at - t->text), start = found;

		while (start > 0 && strchr(" \t", t->text[start - 1]))
			start--;
		from = found + strlen(line);
		if (start > 0 && t->text[start - 1] != '\n')
			continue;
		r = edit_splice(t, start, from, "");
		from = start;
	}
	return r;
}

/* Removes the lines that we wrote. What somebody has added to one is not ours. */
static int cut_lines(struct edit_text *t, const char *import)
{
	_cleanup_free_ char *line = text_new("imports = [\"%s\"]" CONTAINERD_LINE, import);
	int r;

	if (!line)
		return -ENOMEM;
	r = cut_line(t, line);
	return r < 0 ? r : cut_line(t, DEFAULT_LINE);
}

/* The import in somebody's own array, with the comma before or behind it. */
static int cut_import(struct edit_text *t, const char *import)
{
	_cleanup_free_ char *name = text_new("\"%s\"", import);
	char *at;
	size_t start, end;

	if (!name)
		return -ENOMEM;
	at = strstr(t->text, name);
	if (!at)
		return 0;
	start = (size_t)(at - t->text);
	end = start + strlen(name);
	if (start >= 2 && memcmp(t->text + start - 2, ", ", 2) == 0) {
		start -= 2;
	} else {
		size_t comma = end + strspn(t->text + end, " \t\r\n");

		if (t->text[comma] == ',')
			end = comma + 1 + strspn(t->text + comma + 1, " \t\r\n");
	}
	return edit_splice(t, start, end, "");
}

/* A default that was exchanged: the one of the backup, or runc. */
static int strip_default(struct edit_text *t, const struct edit_text *backup, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0}, before = {0};
	const struct toml_item *item, *old = NULL;
	_cleanup_free_ char *value = NULL;
	struct why unused;
	int r = containerd_parse(t->text, t->len, &config, why);

	if (r < 0 || !containerd_is_default(&config))
		return r;
	if (backup->text && containerd_parse(backup->text, backup->len, &before, &unused) == 0)
		old = find_default(&before);
	value = old ? strndup(backup->text + old->start, old->end - old->start)
		    : strdup("\"runc\"");
	item = find_default(&config);
	return !value || edit_splice(t, item->start, item->end, value) < 0 ? why_no_memory(why) : 0;
}

int containerd_strip(struct edit_text *t, const struct edit_text *backup, const char *import,
		     struct why *why)
{
	/* What has nothing of ours may be of a kind that we do not understand. */
	if (!strstr(t->text, SETUP_RUNTIME_NAME))
		return 0;
	if (cut_blocks(t) < 0 || cut_lines(t, import) < 0 || cut_import(t, import) < 0)
		return why_no_memory(why);
	return strip_default(t, backup, why);
}
