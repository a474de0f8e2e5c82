/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-dump.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/ask.h"
#include "setup/toml-edit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SCRATCH "/tmp/oci-thin-grow-XXXXXX"

/* --- asking ---------------------------------------------------------------------------------- */

void containerd_dump_free(struct containerd_dump *dump)
{
	toml_free(&dump->toml);
	free(dump->text);
	*dump = (struct containerd_dump){0};
}

static const char *find_plugin(const struct toml *toml)
{
	const char *found = NULL;

	for (const char *const *plugin = containerd_plugins; *plugin; plugin++) {
		_cleanup_free_ char *path = containerd_plugin_path(*plugin);

		/* Later versions still have a table of the earlier name for something else. */
		if (path && toml_has(toml, path))
			found = *plugin;
	}
	return found;
}

/* @file: a path without links. */
static int ask_containerd(const struct setup_place *place, const char *file,
			  struct containerd_dump *ret, struct why *why)
{
	_cleanup_free_ char *program = place_find_program(place, "containerd"), *root = NULL,
			    *inside = NULL;
	const char *config = place_inside(place, file, &root);
	char name[] = "containerd", option[] = "--config", command[] = "config", what[] = "dump";
	struct answer answer = {0};
	int r;

	if (!program || !config)
		return 0;
	inside = text_new("%s", config);
	if (!inside)
		return why_no_memory(why);
	char *const arguments[] = {name, option, inside, command, what, NULL};

	r = setup_ask(place, program, arguments, &answer, why);
	if (r == 0 && answer.status != 0)
		r = why_set(why, EINVAL, "%s", answer.said.s);
	if (r == 0) {
		ret->text = TAKE_PTR(answer.out);
		ret->len = answer.len;
		r = toml_parse(ret->text, ret->len, &ret->toml, why);
		ret->plugin = r == 0 ? find_plugin(&ret->toml) : NULL;
	}
	free(answer.out);
	return r;
}

/* --- files as they would be ------------------------------------------------------------------ */

struct scratch {
	char *dir; /* a path without links; NULL: none */
	int fd;
};

static void remove_scratch(struct scratch *scratch)
{
	for (size_t i = 0; scratch->dir && i < CONTAINERD_MAX_FILES; i++)
		unlinkat(scratch->fd, text("%zu.toml", i), 0);
	if (scratch->dir)
		rmdir(scratch->dir);
	if (scratch->fd >= 0)
		close(scratch->fd);
	free(scratch->dir);
}

static int make_scratch(const struct setup_place *place, struct scratch *ret, struct why *why)
{
	_cleanup_free_ char *name = place_name(place, SCRATCH), *dir = NULL;
	int r = name ? place_resolve(place, name, &dir) : -ENOMEM;

	if (r == 0 && !mkdtemp(dir))
		r = -errno;
	if (r == 0) {
		ret->fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		ret->dir = TAKE_PTR(dir);
	}
	return r < 0 ? why_set(why, -r, "%s: %s", name ? name : SCRATCH, strerror(-r)) : 0;
}

/* Is an import read from the scratch directory? If it changes, or imports other files. */
static bool is_copied(const struct setup_place *place, const struct containerd_file *file)
{
	const struct setup_file *planned = place_planned(place, file->path);

	return (planned && setup_file_changes(planned)) || toml_find(&file->toml, "imports");
}

/* The path of an import as it would be, for containerd. */
static char *future_path(const struct setup_place *place, const struct containerd_file *file,
			 const struct scratch *scratch, size_t i)
{
	_cleanup_free_ char *root = NULL, *path = NULL;
	const char *inside;

	path = is_copied(place, file) ? text_new("%s/%zu.toml", scratch->dir, i)
				      : strdup(file->path);
	inside = path ? place_inside(place, path, &root) : NULL;
	return inside ? strdup(inside) : NULL;
}

/* The files that are imported, as an array of TOML; to be freed. */
static char *import_list(const struct setup_place *place, const struct containerd_files *files,
			 const struct scratch *scratch)
{
	_cleanup_free_ char *list = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&list, &size);

	if (!out)
		return NULL;
	fputc('[', out);
	for (size_t i = 1; i < files->n; i++) {
		_cleanup_free_ char *path = NULL, *quoted = NULL;

		if (!files->files[i].text)
			continue;
		path = future_path(place, &files->files[i], scratch, i);
		quoted = path ? toml_quote(path) : NULL;
		fprintf(out, "%s, ", quoted ? quoted : "");
	}
	fputc(']', out);
	return fclose(out) == 0 ? TAKE_PTR(list) : NULL;
}

/* config.toml as it would be, with the list of all imports. */
static int main_text(const struct setup_place *place, const struct containerd_config *config,
		     const struct scratch *scratch, struct edit_text *ret, struct why *why)
{
	_cleanup_free_ char *list = import_list(place, &config->files, scratch), *first = NULL;
	const struct containerd_file *file = &config->files.files[0];
	int r;

	first = text_new("version = %d\n", config->version);
	if (!list || !first)
		return why_no_memory(why);
	r = file->text ? edit_copy(file->text, file->len, ret)
		       : edit_copy(first, strlen(first), ret);
	if (r < 0)
		return why_no_memory(why);
	return toml_put(ret, "", "imports", list, why);
}

/* An import, as the file @i of the scratch directory; what it imports, config.toml lists. */
static int write_import(const struct containerd_file *file, const struct scratch *scratch, size_t i,
			struct why *why)
{
	_cleanup_(edit_free) struct edit_text t = {0};
	int r = edit_copy(file->text, file->len, &t);

	if (r == 0 && toml_find(&file->toml, "imports"))
		r = toml_cut(&t, "imports", NULL, why);
	return r < 0 ? r : file_write_new(scratch->fd, text("%zu.toml", i), 0600, t.text, t.len);
}

static int write_scratch(const struct setup_place *place, const struct containerd_config *config,
			 const struct scratch *scratch, struct why *why)
{
	_cleanup_(edit_free) struct edit_text first = {0};
	int r = main_text(place, config, scratch, &first, why);

	if (r < 0)
		return r;
	r = file_write_new(scratch->fd, "0.toml", 0600, first.text, first.len);
	for (size_t i = 1; r == 0 && i < config->files.n; i++) {
		const struct containerd_file *file = &config->files.files[i];

		if (file->text && is_copied(place, file))
			r = write_import(file, scratch, i, why);
	}
	return r < 0 ? why_set(why, -r, "%s: %s", scratch->dir, strerror(-r)) : 0;
}

int containerd_dump_future(const struct setup_place *place, const struct containerd_config *config,
			   struct containerd_dump *ret, struct why *why)
{
	_cleanup_(remove_scratch) struct scratch scratch = {.fd = -EBADF};
	_cleanup_free_ char *file = NULL;
	int r = make_scratch(place, &scratch, why);

	if (r == 0)
		r = write_scratch(place, config, &scratch, why);
	if (r < 0)
		return r;
	file = text_new("%s/0.toml", scratch.dir);
	return file ? ask_containerd(place, file, ret, why) : why_no_memory(why);
}

/* --- patterns that it resolves in another way ------------------------------------------------ */

/* NULL: the file imports nothing by a relative pattern. */
static const char *find_relative_pattern(const struct containerd_file *file)
{
	for (size_t i = 0; i < file->toml.n; i++) {
		const struct toml_item *item = &file->toml.items[i];

		if (toml_is_string_in(item, "imports") && item->text[0] != '/' &&
		    strchr(item->text, '*'))
			return item->text;
	}
	return NULL;
}

/* Has containerd read the file @path? @path NULL: one by a relative path? 1.x reports all. */
static bool has_read(const struct setup_place *place, const struct containerd_dump *dumped,
		     const char *path)
{
	for (size_t i = 0; i < dumped->toml.n; i++) {
		const struct toml_item *item = &dumped->toml.items[i];

		if (toml_is_string_in(item, "imports") &&
		    (path ? containerd_import_is(place, "/", item->text, path)
			  : item->text[0] != '/'))
			return true;
	}
	return false;
}

static bool has_read_others(const struct setup_place *place, const struct containerd_config *config,
			    const struct containerd_dump *dumped)
{
	const struct toml_item *version = toml_find(&dumped->toml, "version");

	if (!version || strcmp(version->text, "2") > 0)
		return false;
	for (size_t i = 1; i < config->files.n; i++) {
		const struct containerd_file *file = &config->files.files[i];

		if (file->text && !has_read(place, dumped, file->path))
			return true;
	}
	return has_read(place, dumped, NULL);
}

static int check_patterns(const struct setup_place *place, const struct containerd_config *config,
			  struct containerd_dump *dumped, struct why *why)
{
	for (size_t i = 0; i < config->files.n; i++) {
		const char *pattern = find_relative_pattern(&config->files.files[i]);

		if (!pattern || !has_read_others(place, config, dumped))
			continue;
		containerd_dump_free(dumped);
		return why_set(why, EEXIST,
			       "%s: imports %s: containerd before 1.6.29 and 1.7.16 looks up a "
			       "relative pattern in its working directory, not beside the file: "
			       "make the pattern absolute, or remove it",
			       config->files.files[i].path, quote(pattern));
	}
	return 0;
}

/* --- as it is -------------------------------------------------------------------------------- */

/* containerd 2.x assumes its own version for a file without one. */
static bool reads_version_1(const struct containerd_dump *dumped)
{
	return strcmp(dumped->plugin, "io.containerd.cri.v1.runtime") != 0;
}

static int dump_now(const struct setup_place *place, const struct containerd_config *config,
		    struct containerd_dump *ret, struct why *why)
{
	const struct containerd_file *file = &config->files.files[0];
	int r = file->text ? ask_containerd(place, file->path, ret, why)
			   : containerd_dump_future(place, config, ret, why);

	if (config->is_cri_disabled)
		ret->plugin = NULL; /* a table of it would lack the defaults */
	else if (r == 0 && ret->text && !ret->plugin)
		r = why_set(why, EINVAL, "it has no supported CRI plugin");
	else if (r == 0 && ret->text && config->version == 1 && !reads_version_1(ret))
		r = why_set(why, EINVAL,
			    "%s has no version, so it ignores [plugins.cri]: rewrite it for "
			    "version = 2 or "
			    "later",
			    file->path);
	return r < 0 ? why_prefix(
			       why, r,
			       "containerd cannot read its configuration as it is now (--no-check "
			       "skips this check)")
		     : 0;
}

int containerd_dump_now(const struct setup_place *place, const struct containerd_config *config,
			struct containerd_dump *ret, struct why *why)
{
	int r = containerd_is_template(place) ? 0 : dump_now(place, config, ret, why);

	return r < 0 || !ret->text ? r : check_patterns(place, config, ret, why);
}

/* --- defaults that are copied, too ----------------------------------------------------------- */

bool containerd_dump_is_zero(const struct toml_item *item)
{
	static const char *const zeros[] = {"", "0", "false", "podsandbox"};

	for (size_t i = 0; i < COUNT(zeros); i++) {
		if (strcmp(item->text, zeros[i]) == 0)
			return true;
	}
	return item->kind == TOML_ARRAY || item->kind == TOML_INLINE;
}

static int learn_item(struct containerd_config *config, const struct toml_item *item,
		      const char *name, const char *like)
{
	struct toml *learned = &config->learned, *view = &config->view;
	struct toml_item *items = reallocarray(learned->items, learned->n + 1, sizeof(*items));
	struct toml_item copy = *item;

	if (!items)
		return -ENOMEM;
	learned->items = items;
	copy.path = text_new("%s" TOML_SEP "%s" TOML_SEP "%s", config->runtimes, like, name);
	copy.text = strdup(item->text);
	items[learned->n++] = copy;
	items = reallocarray(view->items, view->n + 1, sizeof(*items));
	if (!items || !copy.path || !copy.text)
		return -ENOMEM;
	view->items = items;
	items[view->n++] = copy;
	return 0;
}

int containerd_learn(struct containerd_config *config, const struct containerd_dump *dumped,
		     const char *like, struct why *why)
{
	_cleanup_free_ char *handler = NULL;

	if (!dumped->plugin)
		return 0;
	handler = containerd_handler_path(dumped->plugin, like);
	if (!handler)
		return why_no_memory(why);
	for (size_t i = 0; i < dumped->toml.n; i++) {
		const struct toml_item *item = &dumped->toml.items[i];
		const char *name = toml_below(item->path, handler);

		if (!name || item->kind == TOML_TABLE || item->inner ||
		    containerd_dump_is_zero(item) || containerd_key(config, like, name))
			continue;
		if (learn_item(config, item, name, like) < 0)
			return why_no_memory(why);
	}
	return 0;
}
