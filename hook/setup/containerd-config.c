/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-config.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/text.h"

#include <libgen.h>
#include <string.h>

#define CONFIG "/etc/containerd/config.toml"
#define DEFAULT_LINES                                                                              \
	"[plugins.\"%s\".containerd]\n  default_runtime_name = \"" SETUP_RUNTIME_NAME "\"\n"

char *containerd_file_name(const struct setup_place *place)
{
	return place->file ? strdup(place->file) : place_name(place, CONFIG);
}

char *containerd_import(const struct setup_place *place)
{
	_cleanup_free_ char *config = strdup(place->file ? place->file : CONFIG);
	if (!config)
		return NULL;
	return text_new("%s/conf.d/" CONTAINERD_DROP_IN, dirname(config));
}

char *containerd_drop_in_name(const struct setup_place *place)
{
	_cleanup_free_ char *import = containerd_import(place);

	if (!import)
		return NULL;
	return place->file ? TAKE_PTR(import) : place_name(place, import);
}

static int read_version(struct containerd_config *config, struct why *why)
{
	const struct toml_item *item = toml_find(&config->toml, "version");
	const char *text = item ? item->text : "2";

	config->version = text && strlen(text) == 1 ? *text - '0' : 0;
	if (!item && config->toml.n)
		return why_set(
			why, EINVAL,
			"has no \"version = 2\" (or 3), and is of version 1 then; rewrite it "
			"with \"containerd config migrate\"");
	if (config->version != 2 && config->version != 3)
		return why_set(why, EINVAL, "is of version %s, we know 2 and 3",
			       item && item->text ? quote(item->text) : "?");
	config->plugin =
		config->version == 2 ? "io.containerd.grpc.v1.cri" : "io.containerd.cri.v1.runtime";
	return 0;
}

/* A table in braces cannot be added to from elsewhere in the file. */
static int check_inline(const struct containerd_config *config, struct why *why)
{
	for (size_t i = 0; i < config->toml.n; i++) {
		const struct toml_item *item = &config->toml.items[i];
		size_t len = strlen(item->path);

		if (item->kind == TOML_INLINE && strncmp(config->runtimes, item->path, len) == 0 &&
		    (config->runtimes[len] == '\0' || config->runtimes[len] == *TOML_SEP))
			return why_set(
				why, EINVAL,
				"has the table of runtimes, or one around it, in braces; add "
				"the lines that --print shows for an empty configuration by "
				"hand");
	}
	return 0;
}

int containerd_parse(const char *text, size_t len, struct containerd_config *ret, struct why *why)
{
	struct containerd_config config = {.text = text};
	int r = toml_parse(text, len, &config.toml, why);

	if (r == 0)
		r = read_version(&config, why);
	if (r == 0) {
		config.cri = text_new("plugins" TOML_SEP "%s" TOML_SEP "containerd", config.plugin);
		config.runtimes =
			text_new("plugins" TOML_SEP "%s" TOML_SEP "containerd" TOML_SEP "runtimes",
				 config.plugin);
		r = config.cri && config.runtimes ? check_inline(&config, why) : why_no_memory(why);
	}
	if (r < 0) {
		containerd_config_free(&config);
		return r;
	}
	*ret = config;
	return 0;
}

void containerd_config_free(struct containerd_config *config)
{
	toml_free(&config->toml);
	free(config->cri);
	free(config->runtimes);
	*config = (struct containerd_config){0};
}

const struct toml_item *containerd_key(const struct containerd_config *config, const char *handler,
				       const char *name)
{
	_cleanup_free_ char *path =
		text_new("%s" TOML_SEP "%s" TOML_SEP "%s", config->runtimes, handler, name);

	if (!path)
		return NULL;
	return toml_find(&config->toml, path);
}

bool containerd_is_cri_disabled(const struct containerd_config *config)
{
	static const char *const names[] = {"cri", "io.containerd.grpc.v1.cri",
					    "io.containerd.cri.v1.runtime"};

	for (size_t i = 0; i < config->toml.n; i++) {
		const struct toml_item *item = &config->toml.items[i];

		if (strcmp(item->path, "disabled_plugins" TOML_SEP TOML_ELEMENT) != 0 ||
		    !item->text)
			continue;
		for (size_t k = 0; k < COUNT(names); k++) {
			if (strcmp(item->text, names[k]) == 0)
				return true;
		}
	}
	return false;
}

/* Their handler's keys at @path, but for those that we set. */
static void copy_keys(const struct containerd_config *config, const char *path, FILE *out)
{
	static const char *const ours[] = {"runtime_type", "pod_annotations", "BinaryName"};
	size_t len = strlen(path);

	for (size_t i = 0; i < config->toml.n; i++) {
		const struct toml_item *item = &config->toml.items[i];
		const char *name = item->path + len + 1;
		bool skip = item->kind == TOML_TABLE || item->kind == TOML_INLINE ||
			    strncmp(item->path, path, len) != 0 || item->path[len] != *TOML_SEP;

		for (size_t k = 0; !skip && k < COUNT(ours); k++)
			skip = strcmp(name, ours[k]) == 0;
		if (skip || strchr(name, *TOML_SEP))
			continue;
		fprintf(out, "  %s = %.*s\n", name, (int)(item->end - item->start),
			config->text + item->start);
	}
}

/* What their handler lets through, and our keys. */
static void write_annotations(const struct containerd_config *config, FILE *out)
{
	_cleanup_free_ char *element =
		text_new("%s" TOML_SEP "runc" TOML_SEP "pod_annotations" TOML_SEP TOML_ELEMENT,
			 config->runtimes);

	fputs("  pod_annotations = [\"io.oci-thin-grow.*\", \"containerd.io/snapshot/max-size\"",
	      out);
	for (size_t i = 0; element && i < config->toml.n; i++) {
		const struct toml_item *item = &config->toml.items[i];

		if (strcmp(item->path, element) == 0)
			fprintf(out, ", %.*s", (int)(item->end - item->start),
				config->text + item->start);
	}
	fputs("]\n", out);
}

bool containerd_has_handler(const struct containerd_config *config, const char *handler)
{
	_cleanup_free_ char *path = text_new("%s" TOML_SEP "%s", config->runtimes, handler);
	bool found = false;

	if (!path)
		return false;
	for (size_t i = 0; i < config->toml.n; i++) {
		const char *item = config->toml.items[i].path;
		size_t len = strlen(path);

		found |= strncmp(item, path, len) == 0 && (!item[len] || item[len] == *TOML_SEP);
	}
	return found;
}

static void write_block(const struct containerd_config *config, bool by_default, FILE *out)
{
	_cleanup_free_ char *runc = text_new("%s" TOML_SEP "runc", config->runtimes);
	_cleanup_free_ char *options =
		text_new("%s" TOML_SEP "runc" TOML_SEP "options", config->runtimes);
	const char *plugin = config->plugin;

	fputs(CONTAINERD_BEGIN, out);
	if (by_default)
		fprintf(out, DEFAULT_LINES, plugin);
	/* Any table of runtimes replaces containerd's own, in which runc is. */
	if (!containerd_has_handler(config, "runc"))
		fprintf(out,
			"[plugins.\"%s\".containerd.runtimes.runc]\n"
			"  runtime_type = \"io.containerd.runc.v2\"\n",
			plugin);
	fprintf(out,
		"[plugins.\"%s\".containerd.runtimes." SETUP_RUNTIME_NAME "]\n"
		"  runtime_type = \"io.containerd.runc.v2\"\n",
		plugin);
	write_annotations(config, out);
	if (runc)
		copy_keys(config, runc, out);
	fprintf(out,
		"[plugins.\"%s\".containerd.runtimes." SETUP_RUNTIME_NAME ".options]\n"
		"  BinaryName = \"" RUNTIME_PATH "\"\n",
		plugin);
	if (options)
		copy_keys(config, options, out);
	fputs(CONTAINERD_END, out);
}

char *containerd_block(const struct containerd_config *config, bool by_default)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write_block(config, by_default, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

char *containerd_default_block(const struct containerd_config *config)
{
	return text_new(CONTAINERD_BEGIN DEFAULT_LINES CONTAINERD_END, config->plugin);
}
