/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-check.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/ask.h"
#include "setup/containerd-shim.h"
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
static int dump(const struct setup_place *place, const char *file, struct containerd_dump *ret,
		struct why *why)
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

static bool is_changed(const struct setup_place *place, const char *path)
{
	const struct setup_file *file = place_planned(place, path);

	return file && setup_file_changes(file);
}

/* The path of a file as it would be, for containerd: in the scratch directory if it changes. */
static char *future_path(const struct setup_place *place, const struct containerd_file *file,
			 const struct scratch *scratch, size_t i)
{
	_cleanup_free_ char *root = NULL, *path = NULL;
	const char *inside;

	path = is_changed(place, file->path) ? text_new("%s/%zu.toml", scratch->dir, i)
					     : strdup(file->path);
	inside = path ? place_inside(place, path, &root) : NULL;
	return inside ? strdup(inside) : NULL;
}

/* The files that are imported, as an array of TOML; to be freed. */
static char *import_list(const struct setup_place *place, const struct containerd_files *files,
			 const struct scratch *scratch)
{
	char *list = NULL;
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
	if (fclose(out) == 0)
		return list;
	free(list);
	return NULL;
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
	r = toml_set(ret, "imports", list, why);
	return r == -ENOENT ? toml_add(ret, "", "imports", list, why) : r;
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

		if (file->text && is_changed(place, file->path))
			r = file_write_new(scratch->fd, text("%zu.toml", i), 0600, file->text,
					   file->len);
	}
	return r < 0 ? why_set(why, -r, "%s: %s", scratch->dir, strerror(-r)) : 0;
}

/* The dump of the place's files, as its plan makes them. */
static int dump_future(const struct setup_place *place, const struct containerd_config *config,
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
	return file ? dump(place, file, ret, why) : why_no_memory(why);
}

/* containerd 2.x assumes its own version for a file without one. */
static bool reads_version_1(const struct containerd_dump *dumped)
{
	return strcmp(dumped->plugin, "io.containerd.cri.v1.runtime") != 0;
}

int containerd_dump_now(const struct setup_place *place, const struct containerd_config *config,
			struct containerd_dump *ret, struct why *why)
{
	const struct containerd_file *file = &config->files.files[0];
	int r;

	if (containerd_is_template(place))
		return 0;
	r = file->text ? dump(place, file->path, ret, why) : dump_future(place, config, ret, why);
	if (config->is_cri_disabled)
		ret->plugin = NULL; /* a table of it would lack the defaults */
	else if (r == 0 && ret->text && !ret->plugin)
		r = why_set(why, EINVAL, "it has no supported CRI plugin");
	else if (r == 0 && ret->text && config->version == 1 && !reads_version_1(ret))
		r = why_set(why, EINVAL, "%s has no version, so it ignores [plugins.cri]",
			    file->path);
	return r < 0 ? why_prefix(
			       why, r,
			       "containerd cannot read its configuration as it is now (--no-check "
			       "skips this check)")
		     : 0;
}

/* --- defaults that are copied, too ----------------------------------------------------------- */

/* The dump has every key; these values mean the same as no key. */
static bool is_zero(const struct toml_item *item)
{
	static const char *const zeros[] = {"", "0", "false", "podsandbox"};

	for (size_t i = 0; i < COUNT(zeros); i++) {
		if (strcmp(item->text, zeros[i]) == 0)
			return true;
	}
	return item->kind == TOML_ARRAY || item->kind == TOML_INLINE;
}

static int learn_item(struct containerd_config *config, const struct toml_item *item,
		      const char *suffix, const char *like)
{
	struct toml *learned = &config->learned, *view = &config->view;
	struct toml_item *items = reallocarray(learned->items, learned->n + 1, sizeof(*items));
	struct toml_item copy = *item;

	if (!items)
		return -ENOMEM;
	learned->items = items;
	copy.path = text_new("%s" TOML_SEP "%s%s", config->runtimes, like, suffix);
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
		const char *suffix = item->path + strlen(handler);

		if (item->kind == TOML_TABLE || item->inner || is_zero(item) ||
		    !toml_is_at_or_below(item->path, handler) ||
		    containerd_key(config, like, suffix + 1))
			continue;
		if (learn_item(config, item, suffix, like) < 0)
			return why_no_memory(why);
	}
	return 0;
}

/* --- comparing ------------------------------------------------------------------------------- */

/* By path; elements of an array, which have the same one, by their place. */
static int compare_items(const void *a, const void *b)
{
	const struct toml_item *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : x->start < y->start ? -1 : x->start > y->start;
}

/* Below the plugin's table "containerd"; NULL: it is not there. */
static const struct toml_item *dumped_key(const struct containerd_dump *dumped, const char *key)
{
	_cleanup_free_ char *path = text_new(
		"plugins" TOML_SEP "%s" TOML_SEP "containerd" TOML_SEP "%s", dumped->plugin, key);

	return path ? toml_find(&dumped->toml, path) : NULL;
}

/* The same as a text, or "". */
static const char *dumped_value(const struct containerd_dump *dumped, const char *key)
{
	const struct toml_item *item = dumped_key(dumped, key);

	return item && item->text ? item->text : "";
}

/* Does the item belong to a handler with a name of ours, in the table @table? */
static bool is_own(const struct toml_item *item, const char *table)
{
	size_t len = strlen(table), n = strlen(TOML_SEP SETUP_RUNTIME_NAME);

	return strncmp(item->path, table, len) == 0 &&
	       strncmp(item->path + len, TOML_SEP SETUP_RUNTIME_NAME, n) == 0 &&
	       strchr(TOML_SEP "-", item->path[len + n]);
}

static bool calls_us(const struct containerd_dump *dumped, const char *handler)
{
	char unused[SHIM_NAME_SIZE];
	_cleanup_free_ char *key =
		text_new("runtimes" TOML_SEP "%s" TOML_SEP "runtime_path", handler);

	return key && shim_name_wrapped(dumped_value(dumped, key), unused);
}

/* What --in-place changes: keys of a handler that calls us in one of the dumps. @rest: its path
 * below runtimes. */
static bool is_in_place(const char *rest, const struct containerd_dump *dumped,
			const struct containerd_dump *other)
{
	const char *end = strchr(rest, *TOML_SEP);
	_cleanup_free_ char *handler = end ? strndup(rest, (size_t)(end - rest)) : NULL;

	return handler &&
	       (toml_is_at_or_below(end + 1, "runtime_path") ||
		toml_is_at_or_below(end + 1, "pod_annotations")) &&
	       (calls_us(dumped, handler) || calls_us(other, handler));
}

/* What must be the same: all but our handler, imports and the default, which is looked at apart. */
static bool is_compared(const struct containerd_dump *dumped, const struct containerd_dump *other,
			const struct toml_item *item)
{
	_cleanup_free_ char *runtimes = containerd_runtimes_path(dumped->plugin);
	_cleanup_free_ char *plugin = containerd_plugin_path(dumped->plugin);
	const char *below = item->path + (plugin ? strlen(plugin) : 0);

	if (!runtimes || !plugin || item->kind == TOML_TABLE || item->kind == TOML_INLINE ||
	    item->kind == TOML_ARRAY || toml_is_at_or_below(item->path, "imports") ||
	    is_own(item, runtimes) || is_own(item, CONTAINERD_PLATFORMS))
		return false;
	if (toml_is_at_or_below(item->path, runtimes) && item->path[strlen(runtimes)] &&
	    is_in_place(item->path + strlen(runtimes) + 1, dumped, other))
		return false;
	if (!toml_is_at_or_below(item->path, plugin))
		return true;
	if (strcmp(below, TOML_SEP "containerd" TOML_SEP CONTAINERD_DEFAULT) == 0)
		return false;
	return !is_zero(item) ||
	       !toml_is_at_or_below(below, TOML_SEP "containerd" TOML_SEP "runtimes");
}

/* Copies, to be freed; what is in them is the dump's. NULL: no memory. */
static struct toml_item *sorted_items(const struct containerd_dump *dumped,
				      const struct containerd_dump *other, size_t *ret_n)
{
	struct toml_item *items = calloc(dumped->toml.n + 1, sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; items && i < dumped->toml.n; i++) {
		if (is_compared(dumped, other, &dumped->toml.items[i]))
			items[n++] = dumped->toml.items[i];
	}
	if (items)
		qsort(items, n, sizeof(*items), compare_items);
	*ret_n = n;
	return items;
}

static int complain_of(const char *path, const struct toml_item *before,
		       const struct toml_item *after, struct why *why)
{
	struct text key;

	text_into(&key, "%s", path);
	for (size_t i = 0; key.s[i]; i++) {
		key.s[i] = (char)(key.s[i] == *TOML_SEP ? '/' : key.s[i]);
	}
	return why_set(why, EEXIST,
		       "containerd would also read %s as %s, not %s (--no-check skips this check)",
		       key.s, after ? quote(after->text) : "nothing",
		       before ? quote(before->text) : "nothing");
}

static int compare_all(const struct containerd_dump *before, const struct containerd_dump *after,
		       struct why *why)
{
	size_t n = 0, m = 0;
	_cleanup_free_ struct toml_item *old = sorted_items(before, after, &n);
	_cleanup_free_ struct toml_item *new = sorted_items(after, before, &m);

	if (!old || !new)
		return why_no_memory(why);
	for (size_t i = 0; i < n || i < m; i++) {
		int order = i == n ? 1 : i == m ? -1 : strcmp(old[i].path, new[i].path);

		if (order < 0)
			return complain_of(old[i].path, &old[i], NULL, why);
		if (order > 0)
			return complain_of(new[i].path, NULL, &new[i], why);
		if (strcmp(old[i].text, new[i].text) != 0)
			return complain_of(old[i].path, &old[i], &new[i], why);
	}
	return 0;
}

/* The default may only change if it is ours, before or after. */
static int compare_dumps(const struct containerd_dump *before, const struct containerd_dump *after,
			 struct why *why)
{
	const struct toml_item *a = dumped_key(before, CONTAINERD_DEFAULT);
	const struct toml_item *b = dumped_key(after, CONTAINERD_DEFAULT);

	if (a && b && strcmp(a->text, b->text) != 0 && strcmp(a->text, SETUP_RUNTIME_NAME) != 0 &&
	    strcmp(b->text, SETUP_RUNTIME_NAME) != 0)
		return complain_of(a->path, a, b, why);
	return compare_all(before, after, why);
}

/* A dump does not report that the default handler is missing. */
static void note_default(const struct containerd_dump *dumped, struct setup_plan *plan)
{
	const char *name = dumped_value(dumped, CONTAINERD_DEFAULT);
	_cleanup_free_ char *handler = containerd_handler_path(dumped->plugin, name);

	if (handler && *name && !toml_has(&dumped->toml, handler))
		change_note(plan, "the default runtime will be %s, but there is no such handler",
			    quote(name));
}

/* A key of our handler in the dump, or "". */
static const char *our_value(const struct containerd_dump *dumped,
			     const struct containerd_config *config, const char *name)
{
	_cleanup_free_ char *key =
		text_new("runtimes" TOML_SEP "%s" TOML_SEP "%s", config->ours, name);

	return key ? dumped_value(dumped, key) : "";
}

static bool runs_another(const struct containerd_dump *dumped,
			 const struct containerd_config *config)
{
	const char *binary = our_value(dumped, config, CONTAINERD_BINARY);

	if (config->shim)
		return !calls_us(dumped, config->ours) &&
		       !strstr(our_value(dumped, config, "runtime_type"), SHIM_OURS);
	return *binary && !strstr(binary, "oci-thin-grow-runtime"); /* 1.4 shows no options */
}

static int check_dumped_handler(const struct containerd_dump *dumped,
				const struct containerd_config *config,
				const struct setup_options *options, struct why *why)
{
	_cleanup_free_ char *handler = containerd_handler_path(dumped->plugin, config->ours);
	const char *fault = NULL;

	if (!handler || !toml_has(&dumped->toml, handler))
		fault = "would not have our handler";
	else if (runs_another(dumped, config))
		fault = "would run another program for our handler";
	else if (!*our_value(dumped, config, "pod_annotations" TOML_SEP TOML_ELEMENT))
		fault = "would have no pod_annotations";
	else if (options->snapshotter &&
		 strcmp(our_value(dumped, config, "snapshotter"), options->snapshotter) != 0)
		fault = "knows no snapshotter of a handler (1.7 does)";
	else if (options->by_default &&
		 strcmp(dumped_value(dumped, CONTAINERD_DEFAULT), SETUP_RUNTIME_NAME) != 0)
		fault = "would have another default";
	return fault ? why_set(why, EEXIST, "containerd %s (--no-check skips this check)", fault)
		     : 0;
}

/* The dump of what the plan makes. 0: there is none to compare with. */
static int dump_planned(const struct setup_place *place, const struct setup_plan *plan,
			struct containerd_dump *ret, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	struct setup_place planned = *place;
	int r;

	planned.planned = plan;
	r = containerd_read(&planned, &config, why);
	if (r == 0)
		r = dump_future(&planned, &config, ret, why);
	return r < 0 ? why_prefix(why, r, "containerd would not read it") : ret->text != NULL;
}

int containerd_check_enabled(const struct setup_place *place,
			     const struct containerd_config *config,
			     const struct setup_options *options, const struct setup_plan *plan,
			     const struct containerd_dump *before, struct why *why)
{
	_cleanup_(containerd_dump_free) struct containerd_dump after = {0};
	int r = before->text && setup_plan_changes(plan) ? dump_planned(place, plan, &after, why)
							 : 0;

	if (r <= 0 || !before->plugin || !after.plugin)
		return r < 0 ? r : 0;
	r = check_dumped_handler(&after, config, options, why);
	return r < 0 ? r : compare_dumps(before, &after, why);
}

int containerd_check_disabled(const struct setup_place *place, struct setup_plan *plan,
			      const struct containerd_dump *before, struct why *why)
{
	_cleanup_(containerd_dump_free) struct containerd_dump after = {0};
	int r = setup_plan_changes(plan) ? dump_planned(place, plan, &after, why) : 0;

	if (r < 0 && !before->text)
		return 0; /* it was not read before, either */
	if (r <= 0 || !after.plugin || (before->text && !before->plugin))
		return r < 0 ? r : 0;
	note_default(&after, plan);
	return before->text ? compare_dumps(before, &after, why) : 0;
}
