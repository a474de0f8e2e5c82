/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-files.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <fnmatch.h>
#include <libgen.h>
#include <string.h>

#define CONFIG "/etc/containerd/config.toml"

/* --- names ----------------------------------------------------------------------------------- */

char *containerd_file_name(const struct setup_place *place)
{
	return place->file ? strdup(place->file) : place_name(place, CONFIG);
}

char *containerd_import(const struct setup_place *place)
{
	size_t root = place->root ? strlen(place->root) : 0;
	const char *file = place->file ? place->file : CONFIG;
	_cleanup_free_ char *config = NULL;

	if (place->file && root && strncmp(file, place->root, root) == 0 && file[root] == '/')
		file += root;
	config = strdup(file);
	return config ? text_new("%s/conf.d/" CONTAINERD_DROP_IN, dirname(config)) : NULL;
}

char *containerd_drop_in_name(const struct setup_place *place)
{
	_cleanup_free_ char *import = containerd_import(place);

	return import ? place_name(place, import) : NULL;
}

bool containerd_is_template(const struct setup_place *place)
{
	return place->file && text_ends_in(place->file, ".tmpl");
}

bool containerd_is_fragment(const struct setup_place *place)
{
	_cleanup_free_ char *copy = place->file ? strdup(place->file) : NULL;

	return copy && text_ends_in(dirname(copy), ".toml.d");
}

bool containerd_is_part(const struct setup_place *place)
{
	return containerd_is_template(place) || containerd_is_fragment(place);
}

/* config.toml; that of a part is beside it, or beside its directory. */
static char *whole_name(const struct setup_place *place)
{
	_cleanup_free_ char *copy = NULL;

	if (!containerd_is_part(place))
		return containerd_file_name(place);
	copy = strdup(place->file);
	if (!copy)
		return NULL;
	return text_new("%s/config.toml",
			dirname(containerd_is_template(place) ? copy : dirname(copy)));
}

/* --- reading --------------------------------------------------------------------------------- */

/* Each file is read once: they may import each other. */
static int enqueue(const struct setup_place *place, const char *name,
		   struct containerd_files *files)
{
	struct containerd_file *file = &files->files[files->n];
	_cleanup_free_ char *path = NULL, *copy = NULL;
	int r = place_resolve(place, name, &path);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* nothing can be read there */
	for (size_t i = 0; i < files->n; i++) {
		if (strcmp(files->files[i].path, path) == 0)
			return 0;
	}
	if (files->n == CONTAINERD_MAX_FILES)
		return -E2BIG;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	*file = (struct containerd_file){.name = TAKE_PTR(copy), .path = TAKE_PTR(path)};
	files->n++;
	return 0;
}

/* Enqueues what matches the pattern @rest below the directory @name. */
static int enqueue_matches(const struct setup_place *place, const char *name, const char *rest,
			   struct containerd_files *files)
{
	size_t part = strcspn(rest, "/");
	_cleanup_free_ char *pattern = strndup(rest, part);
	struct place_entry *entries = NULL;
	struct why unused;
	int n = pattern ? place_list(place, name, &entries, &unused) : -ENOMEM;
	int r = n == -ENOMEM ? n : 0;

	for (int i = 0; r == 0 && i < n; i++) {
		_cleanup_free_ char *match = NULL;

		if (fnmatch(pattern, entries[i].name, 0) != 0)
			continue;
		match = text_new("%s/%s", name, entries[i].name);
		if (!match)
			r = -ENOMEM;
		else if (rest[part])
			r = enqueue_matches(place, match, rest + part + 1, files);
		else
			r = enqueue(place, match, files);
	}
	place_list_free(entries, n);
	return r;
}

/* The name (setup/place.h) of what @parent imports as @import. */
static char *import_name(const struct setup_place *place, const char *parent, const char *import)
{
	_cleanup_free_ char *copy = text_new("%s", parent);

	if (import[0] == '/')
		return place_name(place, import);
	return copy ? text_new("%s/%s", dirname(copy), import) : NULL;
}

static int enqueue_import(const struct setup_place *place, const char *parent, const char *import,
			  struct containerd_files *files)
{
	_cleanup_free_ char *name = import_name(place, parent, import);
	char *star = name ? strchr(name, '*') : NULL;

	if (!name)
		return -ENOMEM;
	if (!star)
		return enqueue(place, name, files);
	while (star > name && *star != '/')
		star--;
	*star = '\0';
	return enqueue_matches(place, name, star + 1, files);
}

static int enqueue_imports(const struct setup_place *place, const struct containerd_file *file,
			   struct containerd_files *files)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < file->toml.n; i++) {
		const struct toml_item *item = &file->toml.items[i];

		if (toml_is_string_in(item, "imports"))
			r = enqueue_import(place, file->name, item->text, files);
	}
	return r;
}

static int read_file(const struct setup_place *place, struct containerd_file *file, bool is_import,
		     struct why *why)
{
	int r = place_read(place, file->name, &file->text, &file->len, why);

	if (r <= 0)
		return r;
	r = toml_parse(file->text, file->len, &file->toml, why);
	return r == -EINVAL && is_import ? 0 : r < 0 ? why_prefix(why, r, file->path) : 0;
}

/* Reads the files from *done on, and their imports. Only the files that were named must be valid.
 */
static int read_queue(const struct setup_place *place, struct containerd_files *files, size_t *done,
		      struct why *why)
{
	for (; *done < files->n; ++*done) {
		struct containerd_file *file = &files->files[*done];
		bool is_named = *done == 0 || (place->file && strcmp(file->name, place->file) == 0);
		int r = read_file(place, file, !is_named, why);

		if (r == 0 && enqueue_imports(place, file, files) < 0)
			r = why_set(why, E2BIG, "%s: too many imports", file->name);
		if (r < 0)
			return r;
	}
	return 0;
}

int containerd_files_read(const struct setup_place *place, struct containerd_files *files,
			  struct why *why)
{
	_cleanup_free_ char *name = whole_name(place);
	int r = name && enqueue(place, name, files) == 0 ? 0 : why_no_memory(why);
	size_t done = 0;

	if (r == 0 && files->n == 0)
		return why_set(why, ENOENT, "%s: a symbolic link that leads nowhere", name);
	r = r < 0 ? r : read_queue(place, files, &done, why);
	if (r < 0 || !containerd_is_part(place))
		return r;
	if (enqueue(place, place->file, files) < 0)
		return why_set(why, E2BIG, "%s: too many imports", name);
	return read_queue(place, files, &done, why);
}

void containerd_files_free(struct containerd_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->files[i].name);
		free(files->files[i].path);
		free(files->files[i].text);
		toml_free(&files->files[i].toml);
	}
	files->n = 0;
}

/* --- looking --------------------------------------------------------------------------------- */

const struct containerd_file *containerd_last_with(const struct containerd_files *files,
						   const char *path)
{
	for (size_t i = files->n; i > 0; i--) {
		if (toml_has(&files->files[i - 1].toml, path))
			return &files->files[i - 1];
	}
	return NULL;
}

bool containerd_import_is(const struct setup_place *place, const char *parent, const char *import,
			  const char *path)
{
	_cleanup_free_ char *name = import_name(place, parent, import), *real = NULL;

	return name && place_resolve(place, name, &real) == 0 && strcmp(real, path) == 0;
}
