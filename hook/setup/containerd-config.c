/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-config.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/text.h"

#include <string.h>

#define RUNC_SHIM "io.containerd.runc.v"

const char *const containerd_plugins[] = {"cri", "io.containerd.grpc.v1.cri",
					  "io.containerd.cri.v1.runtime", NULL};

bool containerd_merges(const struct containerd_config *config)
{
	return config->version >= 3;
}

char *containerd_plugin_path(const char *plugin)
{
	return text_new("plugins" TOML_SEP "%s", plugin);
}

char *containerd_runtimes_path(const char *plugin)
{
	return text_new("plugins" TOML_SEP "%s" TOML_SEP "containerd" TOML_SEP "runtimes", plugin);
}

char *containerd_handler_path(const char *plugin, const char *handler)
{
	return text_new("plugins" TOML_SEP "%s" TOML_SEP "containerd" TOML_SEP "runtimes" TOML_SEP
			"%s",
			plugin, handler);
}

/* --- the version ----------------------------------------------------------------------------- */

/* A text without a version has version 1; an empty one can get any. */
static int assume_version(const struct setup_place *place, const struct toml *toml)
{
	if (containerd_is_part(place))
		return strstr(place->file, "-v3.toml") ? 3 : 2;
	return toml->n ? 1 : 2;
}

static int read_version(const struct setup_place *place, struct containerd_config *config,
			struct why *why)
{
	const struct containerd_file *file = &config->files.files[0];
	const struct toml_item *item = toml_find(&file->toml, "version");

	if (!file->text && config->files.n > 1)
		item = toml_find(&(++file)->toml, "version");
	if (!item) {
		config->version = assume_version(place, &file->toml);
	} else if (item->kind == TOML_OTHER && strspn(item->text, "0123456789") == 1 &&
		   !item->text[1] && item->text[0] != '0') {
		config->version = item->text[0] - '0';
	} else {
		return why_set(why, EINVAL, "%s: has the invalid version %s", file->path,
			       quote(item->text ? item->text : ""));
	}
	config->plugin = containerd_plugins[(config->version > 3 ? 3 : config->version) - 1];
	return 0;
}

/*
 * Later versions are read like 3 as long as the plugin has the same name: another number in it is
 * another plugin.
 */
static int check_plugin(const struct containerd_config *config, struct why *why)
{
	static const char any[] = "plugins" TOML_SEP "io.containerd.cri.v";
	static const char known[] = "plugins" TOML_SEP "io.containerd.cri.v1.";

	for (size_t i = 0; i < config->files.n; i++) {
		const struct containerd_file *file = &config->files.files[i];

		for (size_t k = 0; k < file->toml.n; k++) {
			const char *path = file->toml.items[k].path, *name;

			if (strncmp(path, any, strlen(any)) != 0 ||
			    strncmp(path, known, strlen(known)) == 0)
				continue;
			name = strchr(path, *TOML_SEP) + 1;
			return why_set(why, EINVAL,
				       "%s: has a table of \"%.*s\"; the only supported CRI "
				       "plugin is \"%s\"",
				       file->path, (int)strcspn(name, TOML_SEP), name,
				       config->plugin);
		}
	}
	return 0;
}

/* --- the view -------------------------------------------------------------------------------- */

/* Removes what is at or below @path. */
static void forget(struct toml *view, const char *path)
{
	size_t n = 0;

	for (size_t i = 0; i < view->n; i++) {
		if (!toml_is_at_or_below(view->items[i].path, path))
			view->items[n++] = view->items[i];
	}
	view->n = n;
}

/* Adds the items of one more file, which replace all others, or only those of the same path. */
static int add_to_view(struct containerd_config *config, const struct toml *toml, bool merges)
{
	_cleanup_free_ char *plugin = containerd_plugin_path(config->plugin);
	struct toml *view = &config->view;
	struct toml_item *items;

	if (!plugin)
		return -ENOMEM;
	if (!toml_has(toml, plugin))
		return 0;
	items = reallocarray(view->items, view->n + toml->n, sizeof(*items));
	if (!items)
		return -ENOMEM;
	view->items = items;
	if (!merges)
		view->n = 0;
	for (size_t i = 0; merges && i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

		if (item->kind != TOML_TABLE && item->kind != TOML_INLINE)
			forget(view, item->path);
	}
	for (size_t i = 0; i < toml->n; i++) {
		if (toml_is_at_or_below(toml->items[i].path, plugin))
			view->items[view->n++] = toml->items[i];
	}
	return 0;
}

/* From 2.0 on it has two plugins, and each needs the other. */
static bool is_cri(const char *plugin)
{
	for (const char *const *name = containerd_plugins; *name; name++) {
		if (strcmp(plugin, *name) == 0)
			return true;
	}
	return strcmp(plugin, CONTAINERD_IMAGES) == 0;
}

static bool disables_cri(const struct toml *toml)
{
	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

		if (toml_is_string_in(item, "disabled_plugins") && is_cri(item->text))
			return true;
	}
	return false;
}

static int make_view(struct containerd_config *config, bool merges)
{
	int r = 0;

	config->cri = text_new("plugins" TOML_SEP "%s" TOML_SEP "containerd", config->plugin);
	config->runtimes = text_new("%s" TOML_SEP "runtimes", config->cri ? config->cri : "");
	if (!config->cri || !config->runtimes)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < config->files.n; i++) {
		const struct toml *toml = &config->files.files[i].toml;

		config->is_cri_disabled |= disables_cri(toml);
		r = add_to_view(config, toml, merges);
	}
	config->has_handlers = toml_has(&config->view, config->runtimes);
	return r;
}

int containerd_read(const struct setup_place *place, struct containerd_config *ret, struct why *why)
{
	int r = containerd_files_read(place, &ret->files, why);

	if (r == 0)
		r = read_version(place, ret, why);
	if (r == 0)
		r = check_plugin(ret, why);
	if (r == 0 && make_view(ret, containerd_merges(ret) || containerd_is_part(place)) < 0)
		r = why_no_memory(why);
	return r;
}

void containerd_config_free(struct containerd_config *config)
{
	free(config->view.items); /* the items belong to files and learned */
	toml_free(&config->learned);
	free(config->cri);
	free(config->runtimes);
	free(config->ours);
	free(config->like);
	free(config->shim);
	containerd_files_free(&config->files);
	*config = (struct containerd_config){0};
}

/* --- looking up ------------------------------------------------------------------------------ */

const struct toml_item *containerd_key(const struct containerd_config *config, const char *handler,
				       const char *name)
{
	_cleanup_free_ char *path =
		text_new("%s" TOML_SEP "%s" TOML_SEP "%s", config->runtimes, handler, name);

	return path ? toml_find(&config->view, path) : NULL;
}

const char *containerd_value(const struct containerd_config *config, const char *handler,
			     const char *name)
{
	const struct toml_item *item = containerd_key(config, handler, name);

	return item && item->kind == TOML_STRING && *item->text ? item->text : NULL;
}

bool containerd_has_handler(const struct containerd_config *config, const char *handler)
{
	_cleanup_free_ char *path = containerd_handler_path(config->plugin, handler);

	return path && toml_has(&config->view, path);
}

bool containerd_is_runc(const char *type)
{
	return strncmp(type, RUNC_SHIM, strlen(RUNC_SHIM)) == 0;
}

/* default_runtime, where it is still known, becomes the default under that name. */
const char *containerd_default(const struct containerd_config *config)
{
	_cleanup_free_ char *name = text_new("%s" TOML_SEP CONTAINERD_DEFAULT, config->cri);
	_cleanup_free_ char *old =
		text_new("%s" TOML_SEP "default_runtime" TOML_SEP "runtime_type", config->cri);
	const struct toml_item *item = old ? toml_find(&config->view, old) : NULL;

	if (item && item->text && *item->text)
		return CONTAINERD_OLD_DEFAULT;
	item = name ? toml_find(&config->view, name) : NULL;
	return item && item->kind == TOML_STRING && *item->text ? item->text : CONTAINERD_RUNC;
}
