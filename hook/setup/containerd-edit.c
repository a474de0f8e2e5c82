/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-edit.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/toml-edit.h"

#include <string.h>

#define QUOTED_NAME "\"" SETUP_RUNTIME_NAME "\""

/* --- putting it in --------------------------------------------------------------------------- */

/* Puts a key into its table, or appends both. */
static int put_key(struct edit_text *t, const struct containerd_config *config, const char *table,
		   const char *key, const char *value, struct why *why)
{
	_cleanup_free_ char *in =
		text_new("plugins" TOML_SEP "%s" TOML_SEP "containerd%s", config->plugin, table);
	_cleanup_free_ char *block = NULL;
	int r = in ? toml_put(t, in, key, value, why) : why_no_memory(why);

	if (r != -ENOENT)
		return r;
	block = text_new(CONTAINERD_COMMENT "\n[plugins.\"%s\".containerd", config->plugin);
	for (const char *part = table; block && *part;) {
		size_t n = strcspn(part + 1, TOML_SEP);
		char *longer = text_new("%s.%.*s", block, (int)n, part + 1);

		free(block);
		block = longer;
		part += n + 1;
	}
	in = block ? text_new("%s]\n  %s = %s\n", block, key, value) : NULL;
	return in ? toml_append(t, in, why) : why_no_memory(why);
}

#define IN_HANDLER TOML_SEP "runtimes" TOML_SEP SETUP_RUNTIME_NAME

static int repair_handler(struct edit_text *t, const struct containerd_config *config,
			  const struct containerd_wish *wish, struct why *why)
{
	const char *type = containerd_value(config, SETUP_RUNTIME_NAME, "runtime_type");
	_cleanup_free_ char *patterns = containerd_annotations(config, SETUP_RUNTIME_NAME);
	_cleanup_free_ char *snapshotter =
		wish->snapshotter ? text_new("\"%s\"", wish->snapshotter) : NULL;
	int r = patterns ? 0 : why_no_memory(why);

	if (r == 0 && !type)
		r = put_key(t, config, IN_HANDLER, "runtime_type", "\"" CONTAINERD_RUNC_TYPE "\"",
			    why);
	if (r == 0 && !containerd_passes_requests(config, SETUP_RUNTIME_NAME))
		r = put_key(t, config, IN_HANDLER, "pod_annotations", patterns, why);
	if (r == 0 && snapshotter)
		r = put_key(t, config, IN_HANDLER, "snapshotter", snapshotter, why);
	if (r == 0)
		r = put_key(t, config, IN_HANDLER TOML_SEP "options", "BinaryName",
			    "\"" RUNTIME_PATH "\"", why);
	return r;
}

/* A table in braces can only be extended within them. */
static bool has_braces(const struct edit_text *t, const struct containerd_config *config,
		       struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	bool found = false;

	if (toml_parse(t->text, t->len, &toml, why) < 0)
		return false;
	for (size_t i = 0; i < toml.n; i++)
		found |= toml.items[i].kind == TOML_INLINE &&
			 toml_is_at_or_below(config->runtimes, toml.items[i].path);
	return found;
}

static int add_handler(struct edit_text *t, const struct containerd_config *config,
		       const struct containerd_wish *wish, struct why *why)
{
	bool in_braces = has_braces(t, config, why);
	_cleanup_free_ char *text = containerd_handler_text(config, wish, in_braces);
	int r = text ? 0 : why_no_memory(why);

	if (r == 0 && !in_braces)
		return toml_append(t, text, why);
	if (r == 0)
		r = toml_add(t, config->runtimes, config->ours, text, why);
	if (r == 0 && wish->with_runc)
		r = toml_add(t, config->runtimes, CONTAINERD_RUNC,
			     "{ runtime_type = \"" CONTAINERD_RUNC_TYPE "\" }", why);
	return r;
}

int containerd_put(struct edit_text *t, const struct containerd_config *config,
		   const struct containerd_wish *wish, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	_cleanup_free_ char *handler = containerd_handler_path(config->plugin, config->ours);
	int r = handler ? 0 : why_no_memory(why);

	if (r == 0 && wish->by_default)
		r = put_key(t, config, "", CONTAINERD_DEFAULT, QUOTED_NAME, why);
	if (r == 0)
		r = toml_parse(t->text, t->len, &toml, why);
	if (r < 0)
		return r;
	return toml_has(&toml, handler) ? repair_handler(t, config, wish, why)
					: add_handler(t, config, wish, why);
}

int containerd_put_import(struct edit_text *t, const char *import, struct why *why)
{
	_cleanup_free_ char *quoted = toml_quote(import), *array = NULL;
	int r = toml_add_element(t, "imports", import, why);

	if (r == -ENOENT && toml_set(t, "imports", "[]", why) == 0)
		return why_set(why, EINVAL, "its imports are not an array");
	if (r != -ENOENT)
		return r;
	array = quoted ? text_new("[%s]", quoted) : NULL;
	return array ? toml_add(t, "", "imports", array, why) : why_no_memory(why);
}

/* --- taking it out --------------------------------------------------------------------------- */

static const struct toml_item *find_default(const struct toml *toml, const char *plugin)
{
	_cleanup_free_ char *path = text_new(
		"plugins" TOML_SEP "%s" TOML_SEP "containerd" TOML_SEP CONTAINERD_DEFAULT, plugin);

	return path ? toml_find(toml, path) : NULL;
}

const struct toml_item *containerd_find_default(const struct toml *toml)
{
	const struct toml_item *found = NULL;

	for (const char *const *name = containerd_plugins; *name && !found; name++)
		found = find_default(toml, *name);
	return found;
}

static bool is_default(const struct toml_item *item)
{
	return item && item->kind == TOML_STRING && strcmp(item->text, SETUP_RUNTIME_NAME) == 0;
}

/* Restores the earlier default, whatever the plugin's name was; or removes ours. */
static int strip_default(struct edit_text *t, const struct containerd_before *before,
			 const char *plugin, struct why *why)
{
	_cleanup_free_ char *path = text_new(
		"plugins" TOML_SEP "%s" TOML_SEP "containerd" TOML_SEP CONTAINERD_DEFAULT, plugin);
	_cleanup_free_ char *value = NULL;
	const struct toml_item *old = containerd_find_default(&before->toml);

	if (!path)
		return why_no_memory(why);
	if (!old || is_default(old))
		return toml_cut(t, path, CONTAINERD_COMMENT, why);
	value = strndup(before->text + old->start, old->end - old->start);
	return value ? toml_set(t, path, value, why) : why_no_memory(why);
}

/* Does the handler at @ours have all keys of the one at @path, with the same values? */
static bool is_copied(const struct toml *toml, const char *path, const char *ours)
{
	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i], *same;
		_cleanup_free_ char *twin = NULL;

		if (item->kind == TOML_TABLE || item->kind == TOML_INLINE ||
		    !toml_is_at_or_below(item->path, path))
			continue;
		twin = text_new("%s%s", ours, item->path + strlen(path));
		same = twin ? toml_find(toml, twin) : NULL;
		if (!same || same->kind != item->kind || strcmp(same->text, item->text) != 0)
			return false;
	}
	return true;
}

/*
 * Did enable add runc's handler? Then the file had no handlers before, has only these two now, and
 * ours has all keys of runc's. If it is not known what was there, it must be marked as ours.
 */
static bool is_runc_ours(const struct edit_text *t, const struct toml *toml,
			 const struct containerd_before *before, const char *runtimes,
			 const char *runc, const char *ours)
{
	if (!toml_has(toml, runc) || toml_has(&before->toml, runtimes))
		return false;
	if (!before->is_known && !toml_is_marked(t, runc, CONTAINERD_COMMENT))
		return false;
	for (size_t i = 0; i < toml->n; i++) {
		const char *path = toml->items[i].path;

		if (toml_is_at_or_below(path, runtimes) && strcmp(path, runtimes) != 0 &&
		    !toml_is_at_or_below(path, runc) && !toml_is_at_or_below(path, ours))
			return false;
	}
	return is_copied(toml, runc, ours);
}

/*
 * Removes tables that are empty and were not there before, from the innermost one on; that one in
 * any case, as an empty table of handlers makes containerd 1.x drop the built-in one. If it is not
 * known what was there, the others must be marked as ours.
 */
static int strip_empty(struct edit_text *t, const struct containerd_before *before,
		       const char *innermost, struct why *why)
{
	_cleanup_free_ char *path = strdup(innermost);
	int r = path ? 0 : why_no_memory(why);

	for (char *end = path; r == 0 && end;) {
		if (!toml_find(&before->toml, path) &&
		    (before->is_known || strcmp(path, innermost) == 0 ||
		     toml_is_marked(t, path, CONTAINERD_COMMENT)))
			r = toml_cut_empty(t, path, CONTAINERD_COMMENT, why);
		end = strrchr(path, *TOML_SEP);
		if (end)
			*end = '\0';
	}
	return r;
}

int containerd_cut_handler(struct edit_text *t, const char *runtimes, const char *handler,
			   struct why *why)
{
	_cleanup_free_ char *path = text_new("%s" TOML_SEP "%s", runtimes, handler);
	_cleanup_free_ char *platform = text_new(CONTAINERD_PLATFORMS TOML_SEP "%s", handler);
	int r = path && platform ? 0 : why_no_memory(why);

	if (r == 0)
		r = toml_cut(t, path, CONTAINERD_COMMENT, why);
	return r < 0 ? r : toml_cut(t, platform, CONTAINERD_COMMENT, why);
}

static int strip_plugin(struct edit_text *t, const struct containerd_before *before,
			const char *plugin, bool *found, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	_cleanup_free_ char *handler = containerd_handler_path(plugin, SETUP_RUNTIME_NAME);
	_cleanup_free_ char *runc = containerd_handler_path(plugin, CONTAINERD_RUNC);
	_cleanup_free_ char *runtimes = containerd_runtimes_path(plugin);
	bool has_handler, has_default;
	int r = handler && runc && runtimes ? toml_parse(t->text, t->len, &toml, why)
					    : why_no_memory(why);

	if (r < 0)
		return r;
	has_handler = toml_has(&toml, handler);
	has_default = is_default(find_default(&toml, plugin));
	if (!has_handler && !has_default)
		return 0;
	*found = true;
	if (has_default)
		r = strip_default(t, before, plugin, why);
	if (r == 0)
		r = containerd_cut_handler(t, runtimes, SETUP_RUNTIME_NAME, why);
	if (r == 0 && is_runc_ours(t, &toml, before, runtimes, runc, handler))
		r = toml_cut(t, runc, CONTAINERD_COMMENT, why);
	return r < 0 ? r : strip_empty(t, before, runtimes, why);
}

int containerd_strip(struct edit_text *t, const struct containerd_before *before, bool *ret_found,
		     struct why *why)
{
	int r = 0;

	for (const char *const *plugin = containerd_plugins; r == 0 && *plugin; plugin++)
		r = strip_plugin(t, before, *plugin, ret_found, why);
	return r;
}

int containerd_strip_import(struct edit_text *t, const struct containerd_before *before,
			    const char *import, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	int r = toml_cut_element(t, "imports", import, why);

	if (r == 0)
		r = toml_parse(t->text, t->len, &toml, why);
	if (r < 0 || toml_has(&toml, "imports" TOML_SEP TOML_ELEMENT) ||
	    toml_find(&before->toml, "imports"))
		return r;
	return toml_cut(t, "imports", CONTAINERD_COMMENT, why);
}
