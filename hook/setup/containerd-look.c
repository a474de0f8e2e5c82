/* SPDX-License-Identifier: Apache-2.0 */

/* Does containerd call our runtime? By its config.toml and all that this imports. */

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/containerd-edit.h"

#include <fnmatch.h>
#include <libgen.h>
#include <string.h>

#define MAX_FILES    64
#define RUNC_SHIM    "io.containerd.runc.v"
#define RUNTIME_TYPE "runtime_type"

/* Files that are still to be read, or were. */
struct queue {
	struct {
		char *name, *path; /* setup/place.h */
	} files[MAX_FILES];
	size_t n;
};

/* What the files say together. */
struct sight {
	char *file;	  /* the last one that has something of our handler; NULL: none */
	char *binary;	  /* its BinaryName */
	char *type;	  /* its runtime_type */
	char *other_file; /* a later one that has the plugin's section without our handler */
	bool by_default, cri_disabled;
};

static void forget(struct sight *sight)
{
	free(sight->file);
	free(sight->binary);
	free(sight->type);
	sight->file = sight->binary = sight->type = NULL;
	sight->by_default = false;
}

static void free_sight(struct sight *sight)
{
	forget(sight);
	free(sight->other_file);
}

static void free_queue(struct queue *queue)
{
	for (size_t i = 0; i < queue->n; i++) {
		free(queue->files[i].name);
		free(queue->files[i].path);
	}
}

/* Each file is read once: they may import each other. */
static int enqueue(const struct setup_place *place, const char *name, struct queue *queue)
{
	_cleanup_free_ char *path = NULL, *copy = NULL;
	int r = place_resolve(place, name, &path);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* nothing can be read there */
	for (size_t i = 0; i < queue->n; i++) {
		if (strcmp(queue->files[i].path, path) == 0)
			return 0;
	}
	if (queue->n == MAX_FILES)
		return -E2BIG;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	queue->files[queue->n].name = TAKE_PTR(copy);
	queue->files[queue->n++].path = TAKE_PTR(path);
	return 0;
}

/* Files that the pattern @name is for; one in its last part only. */
static int enqueue_matches(const struct setup_place *place, const char *name, struct queue *queue)
{
	_cleanup_free_ char *copy = strdup(name);
	const char *pattern = strrchr(name, '/') + 1, *directory = copy ? dirname(copy) : NULL;
	struct place_entry *entries = NULL;
	struct why unused;
	int n = directory ? place_list(place, directory, &entries, &unused) : -ENOMEM;
	int r = n == -ENOMEM ? n : 0;

	for (int i = 0; r == 0 && i < n; i++) {
		_cleanup_free_ char *match = NULL;

		if (fnmatch(pattern, entries[i].name, 0) != 0)
			continue;
		match = text_new("%s/%s", directory, entries[i].name);
		r = match ? enqueue(place, match, queue) : -ENOMEM;
	}
	place_list_free(entries, n);
	return r;
}

static int enqueue_import(const struct setup_place *place, const char *parent, const char *import,
			  struct queue *queue)
{
	_cleanup_free_ char *copy = strdup(parent), *name = NULL;

	if (!copy)
		return -ENOMEM;
	if (import[0] != '/')
		name = text_new("%s/%s", dirname(copy), import);
	else
		name = place->file ? strdup(import) : place_name(place, import);
	if (!name)
		return -ENOMEM;
	return strchr(import, '*') ? enqueue_matches(place, name, queue)
				   : enqueue(place, name, queue);
}

static int enqueue_imports(const struct setup_place *place, const char *parent,
			   const struct toml *toml, struct queue *queue)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

		if (strcmp(item->path, "imports" TOML_SEP TOML_ELEMENT) == 0 && item->text)
			r = enqueue_import(place, parent, item->text, queue);
	}
	return r;
}

static bool has_section(const struct containerd_config *config)
{
	_cleanup_free_ char *path = text_new("plugins" TOML_SEP "%s", config->plugin);

	if (!path)
		return false;
	for (size_t i = 0; i < config->toml.n; i++) {
		if (strncmp(config->toml.items[i].path, path, strlen(path)) == 0)
			return true;
	}
	return false;
}

static int keep(char **slot, const struct toml_item *item)
{
	if (!item || !item->text)
		return 0;
	free(*slot);
	*slot = strdup(item->text);
	return *slot ? 0 : -ENOMEM;
}

static int sum_up(struct sight *sight, const struct containerd_config *config, const char *name)
{
	int r;

	sight->cri_disabled |= containerd_is_cri_disabled(config);
	sight->by_default |= containerd_is_default(config);
	if (!containerd_has_handler(config, SETUP_RUNTIME_NAME)) {
		/* containerd 1.x takes a plugin's section from the last file that has it. */
		if (sight->file && config->version == 2 && has_section(config) &&
		    !sight->other_file)
			sight->other_file = strdup(name);
		return 0;
	}
	if (config->version == 2)
		forget(sight);
	sight->by_default |= containerd_is_default(config);
	free(sight->other_file);
	sight->other_file = NULL;
	free(sight->file);
	sight->file = strdup(name);
	r = sight->file ? keep(&sight->binary,
			       containerd_key(config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY))
			: -ENOMEM;
	return r < 0 ? r
		     : keep(&sight->type, containerd_key(config, SETUP_RUNTIME_NAME, RUNTIME_TYPE));
}

/* @is_import: one that we do not understand has nothing of ours. */
static int read_one(const struct setup_place *place, const char *name, bool is_import,
		    struct queue *queue, struct sight *sight, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = place_read(place, name, &text, &len, why);

	if (r >= 0)
		r = containerd_parse(text ? text : "", len, &config, why);
	if (r == -EINVAL && is_import)
		return 0;
	if (r < 0)
		return why_prefix(why, r, name);
	r = sum_up(sight, &config, name);
	if (r == 0)
		r = enqueue_imports(place, name, &config.toml, queue);
	return r < 0 ? why_set(why, -r, "%s: %s", name, strerror(-r)) : 0;
}

static int read_all(const struct setup_place *place, const char *name, struct sight *sight,
		    struct why *why)
{
	_cleanup_(free_queue) struct queue queue = {0};
	int r = enqueue(place, name, &queue) < 0 ? why_no_memory(why) : 0;

	if (r == 0 && queue.n == 0)
		r = why_set(why, ENOENT, "%s: leads nowhere", name);
	for (size_t i = 0; r == 0 && i < queue.n; i++)
		r = read_one(place, queue.files[i].name, i > 0, &queue, sight, why);
	return r;
}

/* What is wrong with our handler; false: nothing. */
static bool find_fault(const struct setup_place *place, const struct sight *sight, struct why *why)
{
	struct why fault;

	if (sight->type && strncmp(sight->type, RUNC_SHIM, strlen(RUNC_SHIM)) != 0)
		why_set(why, 0, "its runtime_type is %s, which has no BinaryName",
			quote(sight->type));
	else if (!sight->binary)
		why_set(why, 0, "its options have no BinaryName, so it runs runc");
	else if (!setup_is_runtime(place, sight->binary, &fault))
		why_set(why, 0, "its BinaryName, %s, %s", quote(sight->binary), fault.text);
	else
		return false;
	return true;
}

static void containerd_judge(const struct setup_place *place, const struct sight *sight,
			     struct setup_view *view)
{
	struct why fault;

	view->wraps = true;
	view->who = sight->by_default ? NULL : "that name its runtime";
	if (sight->cri_disabled) {
		view->state = SETUP_NO_ENGINE;
	} else if (!sight->file) {
		why_set(&view->missing, 0,
			"the runtime " SETUP_RUNTIME_NAME
			" is not in %s; run \"oci-thin-grow enable containerd\"",
			view->file);
	} else if (find_fault(place, sight, &fault)) {
		view->state = SETUP_BROKEN;
		why_set(&view->missing, 0, "the runtime " SETUP_RUNTIME_NAME " in %s: %s",
			sight->file, fault.text);
	} else if (sight->other_file) {
		why_set(&view->missing, 0,
			"%s has the section in which the runtime is in %s, too, and containerd 1.x "
			"takes that one instead: see \"containerd config dump\"",
			sight->other_file, sight->file);
	} else {
		view->state = SETUP_ON;
	}
}

int containerd_look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(free_sight) struct sight sight = {0};
	int r;

	view->file = containerd_file_name(place);
	if (!view->file)
		return why_no_memory(why);
	r = read_all(place, view->file, &sight, why);
	if (r == 0)
		containerd_judge(place, &sight, view);
	return r;
}
