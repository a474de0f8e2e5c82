/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-handler.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/shim-name.h"
#include "base/text.h"
#include "setup/toml-edit.h"

#include <fnmatch.h>
#include <string.h>

/* Annotations that CRI must pass to us; NAME is a container's in its pod. */
static const char *const request_keys[] = {"io.oci-thin-grow.size", "io.oci-thin-grow.size.NAME"};
const char *const containerd_our_patterns[] = {"io.oci-thin-grow.*",
					       "containerd.io/snapshot/max-size", NULL};

/* --- the handler's text ---------------------------------------------------------------------- */

static char *annotations_path(const struct containerd_config *config, const char *handler)
{
	return text_new("%s" TOML_SEP "%s" TOML_SEP "pod_annotations", config->runtimes, handler);
}

bool containerd_passes_requests(const struct containerd_config *config, const char *handler)
{
	_cleanup_free_ char *array = annotations_path(config, handler);
	size_t passed = 0;

	for (size_t k = 0; array && k < COUNT(request_keys); k++) {
		bool passes = false;

		for (size_t i = 0; i < config->view.n; i++) {
			const struct toml_item *item = &config->view.items[i];

			passes |= toml_is_string_in(item, array) &&
				  fnmatch(item->text, request_keys[k], FNM_PATHNAME) == 0;
		}
		passed += passes;
	}
	return passed == COUNT(request_keys);
}

/* Our patterns, and those of the handler @like that are not ours. */
static void write_annotations(const struct containerd_config *config, const char *like, FILE *out)
{
	_cleanup_free_ char *array = annotations_path(config, like);

	fprintf(out, "[\"%s\", \"%s\"", containerd_our_patterns[0], containerd_our_patterns[1]);
	for (size_t i = 0; array && i < config->view.n; i++) {
		const struct toml_item *item = &config->view.items[i];
		_cleanup_free_ char *quoted = NULL;

		if (!toml_is_string_in(item, array) ||
		    strcmp(item->text, containerd_our_patterns[0]) == 0 ||
		    strcmp(item->text, containerd_our_patterns[1]) == 0)
			continue;
		quoted = toml_quote(item->text);
		fprintf(out, ", %s", quoted ? quoted : "");
	}
	fputc(']', out);
}

char *containerd_annotations(const struct containerd_config *config, const char *like)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write_annotations(config, like, out);
	return fclose(out) == 0 ? TAKE_PTR(text) : NULL;
}

static bool is_ours(const char *name, const struct containerd_config *config,
		    const struct containerd_wish *wish)
{
	const char *const ours[] = {"runtime_type", "pod_annotations",
				    config->shim ? "runtime_path" : "BinaryName"};

	for (size_t i = 0; i < COUNT(ours); i++) {
		if (strcmp(name, ours[i]) == 0)
			return true;
	}
	return wish->snapshotter && strcmp(name, "snapshotter") == 0;
}

/* How a table is written: as lines below a header, or within braces. */
struct style {
	const char *before, *between;
};

static const struct style lines = {"  ", "\n  "}, braces = {"", ", "};

/* The copied handler's keys in the table @table, without those that we set. */
static void write_copies(const struct containerd_config *config, const struct containerd_wish *wish,
			 const char *table, const char *first, const struct style *style, FILE *out)
{
	_cleanup_free_ char *path =
		text_new("%s" TOML_SEP "%s%s", config->runtimes, config->like, table);

	for (size_t i = 0; path && i < config->view.n; i++) {
		const struct toml_item *item = &config->view.items[i];
		const char *name = toml_below(item->path, path);
		_cleanup_free_ char *key = NULL, *quoted = NULL;

		if (!name || item->kind == TOML_TABLE || item->kind == TOML_INLINE ||
		    strchr(name, *TOML_SEP) || is_ours(name, config, wish))
			continue;
		key = toml_quote_key(name);
		quoted = item->kind == TOML_STRING ? toml_quote(item->text) : strdup(item->text);
		fprintf(out, "%s%s = %s", first, key ? key : "", quoted ? quoted : "");
		first = style->between;
	}
}

static void write_keys(const struct containerd_config *config, const struct containerd_wish *wish,
		       const struct style *style, FILE *out)
{
	const char *type = containerd_value(config, config->like, "runtime_type");

	fprintf(out, "%sruntime_type = ", style->before);
	if (config->shim)
		fprintf(out, "\"io.containerd." SHIM_OURS "%s.v2\"", config->shim);
	else
		fprintf(out, "\"%s\"", type ? type : CONTAINERD_RUNC_TYPE);
	fprintf(out, "%spod_annotations = ", style->between);
	write_annotations(config, config->like, out);
	if (wish->snapshotter)
		fprintf(out, "%ssnapshotter = \"%s\"", style->between, wish->snapshotter);
	write_copies(config, wish, "", style->between, style, out);
}

static void write_options(const struct containerd_config *config,
			  const struct containerd_wish *wish, const struct style *style, FILE *out)
{
	if (!config->shim)
		fprintf(out, "%sBinaryName = \"" RUNTIME_PATH "\"", style->before);
	write_copies(config, wish, TOML_SEP "options",
		     config->shim ? style->before : style->between, style, out);
}

static bool has_options(const struct containerd_config *config)
{
	_cleanup_free_ char *path = containerd_handler_path(config->plugin, config->like);
	_cleanup_free_ char *options = path ? text_new("%s" TOML_SEP "options", path) : NULL;

	return !config->shim || (options && toml_has(&config->view, options));
}

/* From 2.0 on images are unpacked by another plugin, which has a table of snapshotters. */
static void write_platform(const struct containerd_config *config,
			   const struct containerd_wish *wish, const char *handler, FILE *out)
{
	_cleanup_free_ char *path =
		text_new(CONTAINERD_PLATFORMS TOML_SEP "%s" TOML_SEP "snapshotter", config->like);
	const struct containerd_file *file =
		path ? containerd_last_with(&config->files, path) : NULL;
	const struct toml_item *item = file ? toml_find(&file->toml, path) : NULL;
	_cleanup_free_ char *quoted = NULL;

	if (!item || item->kind != TOML_STRING || !containerd_merges(config))
		return;
	quoted = toml_quote(wish->snapshotter ? wish->snapshotter : item->text);
	fprintf(out,
		"\n[plugins.\"" CONTAINERD_IMAGES "\".runtime_platforms.%s]\n  snapshotter = %s",
		handler, quoted ? quoted : "");
}

static void write_block(const struct containerd_config *config, const struct containerd_wish *wish,
			FILE *out)
{
	_cleanup_free_ char *handler = toml_quote_key(config->ours);
	const char *plugin = config->plugin, *name = handler ? handler : "";

	fputs(CONTAINERD_COMMENT "\n", out);
	if (wish->with_runc)
		fprintf(out,
			"[plugins.\"%s\".containerd.runtimes.runc]\n"
			"  runtime_type = \"" CONTAINERD_RUNC_TYPE "\"\n",
			plugin);
	fprintf(out, "[plugins.\"%s\".containerd.runtimes.%s]\n", plugin, name);
	write_keys(config, wish, &lines, out);
	if (has_options(config)) {
		fprintf(out, "\n[plugins.\"%s\".containerd.runtimes.%s.options]\n", plugin, name);
		write_options(config, wish, &lines, out);
	}
	write_platform(config, wish, name, out);
	fputc('\n', out);
}

static void write_braces(const struct containerd_config *config, const struct containerd_wish *wish,
			 FILE *out)
{
	fputs("{ ", out);
	write_keys(config, wish, &braces, out);
	if (has_options(config)) {
		fputs(", options = { ", out);
		write_options(config, wish, &braces, out);
		fputs(" }", out);
	}
	fputs(" }", out);
}

char *containerd_handler_text(const struct containerd_config *config,
			      const struct containerd_wish *wish, bool in_braces)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (in_braces)
		write_braces(config, wish, out);
	else
		write_block(config, wish, out);
	return fclose(out) == 0 ? TAKE_PTR(text) : NULL;
}
