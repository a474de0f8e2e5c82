/* SPDX-License-Identifier: Apache-2.0 */

/* What enable and disable do to containerd's config.toml, and how it stands with it. */

#include "base/cleanup.h"
#include "base/quote.h"
#include "setup/conf.h"
#include "setup/containerd.h"

#include <fnmatch.h>
#include <string.h>

#define BINARY	"options" TOML_SEP "BinaryName"
#define DEFAULT "default_runtime_name"

static void cleanup_text(struct edit_text *t)
{
	free(t->text);
}

static int no_memory(struct why *why)
{
	return why_set(why, ENOMEM, "out of memory");
}

static const struct toml_item *find_default(const struct containerd_config *config)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s" TOML_SEP DEFAULT, config->cri) < 0) {
		path = NULL;
		return NULL;
	}
	return toml_find(&config->toml, path);
}

static bool is_default(const struct containerd_config *config)
{
	const struct toml_item *item = find_default(config);

	return item && item->text && strcmp(item->text, SETUP_RUNTIME_NAME) == 0;
}

/* Does config.toml import our drop-in, by its name or by a pattern? */
static bool has_import(const struct toml *toml, const char *import)
{
	for (size_t i = 0; i < toml->n; i++) {
		const struct toml_item *item = &toml->items[i];

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
	if (is_default(config))
		return 0;
	if (item) {
		r = edit_splice(t, item->start, item->end, "\"" SETUP_RUNTIME_NAME "\"");
	} else if ((item = toml_find(&config->toml, config->cri)) && item->kind == TOML_TABLE) {
		size_t at = next_line(t, item->end);

		r = edit_splice(t, at, at,
				at && t->text[at - 1] == '\n'
					? DEFAULT " = \"" SETUP_RUNTIME_NAME "\"" CONTAINERD_LINE
					: "\n" DEFAULT " = \"" SETUP_RUNTIME_NAME
					  "\"" CONTAINERD_LINE);
	} else {
		*ret_done = false;
	}
	return r < 0 ? no_memory(why) : 0;
}

static int append(struct edit_text *t, const char *text)
{
	int r = t->len && t->text[t->len - 1] != '\n' ? edit_splice(t, t->len, t->len, "\n") : 0;

	return r < 0 ? r : edit_splice(t, t->len, t->len, text);
}

/* Version 2. Pure: @t, which is config's text, with our handler in it. */
static int enable_in_place(struct edit_text *t, const struct containerd_config *config,
			   bool by_default, struct why *why)
{
	_cleanup_free_ char *block = NULL;
	bool done = true, is_there = containerd_key(config, SETUP_RUNTIME_NAME, BINARY) != NULL;
	int r = 0;

	if (by_default)
		r = add_default(t, config, &done, why);
	if (r < 0 || (is_there && done))
		return r;
	if (t->len == 0)
		r = append(t, "version = 2\n");
	block = is_there ? containerd_default_block(config) : containerd_block(config, !done);
	return r < 0 || !block || append(t, block) < 0 ? no_memory(why) : 0;
}

/* Version 3. Pure: @t with an import of our drop-in. */
static int add_import(struct edit_text *t, const struct containerd_config *config,
		      const char *import, struct why *why)
{
	const struct toml_item *array = toml_find(&config->toml, "imports"), *last = NULL;
	const struct toml_item *version = toml_find(&config->toml, "version");
	_cleanup_free_ char *text = NULL;
	size_t at;
	int r;

	if (has_import(&config->toml, import))
		return 0;
	for (size_t i = 0; i < config->toml.n; i++) {
		if (strcmp(config->toml.items[i].path, "imports" TOML_SEP TOML_ELEMENT) == 0)
			last = &config->toml.items[i];
	}
	if (array && array->kind != TOML_ARRAY)
		return why_set(why, EINVAL, "has imports that are no array");
	at = last ? last->end : array ? array->start + 1 : next_line(t, version->end);
	r = last    ? asprintf(&text, ", \"%s\"", import)
	    : array ? asprintf(&text, "\"%s\"", import)
		    : asprintf(&text, "%simports = [\"%s\"]" CONTAINERD_LINE,
			       t->text[at - 1] == '\n' ? "" : "\n", import);
	if (r < 0) {
		text = NULL;
		return no_memory(why);
	}
	return edit_splice(t, at, at, text) < 0 ? no_memory(why) : 0;
}

static int copy_text(const struct setup_file *file, struct edit_text *ret, struct why *why)
{
	*ret = (struct edit_text){strndup(file->old ? file->old : "", file->old_len),
				  file->old_len};
	return ret->text ? 0 : no_memory(why);
}

/* The edited text must be understood, and say what was wanted. */
static int check(const struct edit_text *t, const char *import, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	int r = containerd_parse(t->text, t->len, &config, why);

	if (r == 0 && !(import ? has_import(&config.toml, import)
			       : containerd_key(&config, SETUP_RUNTIME_NAME, BINARY) != NULL))
		r = why_set(why, EINVAL, "cannot be edited; add the lines by hand");
	return r;
}

static int plan_drop_in(const struct setup_place *place, const struct containerd_config *config,
			bool by_default, struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *path = containerd_drop_in_path(place), *block = NULL;
	struct setup_file *file = NULL;
	char *text = NULL;
	int r = path ? plan_read(plan, path, &file, why) : no_memory(why);

	if (r < 0)
		return r;
	by_default |= file->old && strstr(file->old, DEFAULT);
	block = containerd_block(config, by_default);
	if (!block || asprintf(&text, "version = 3\n%s", block) < 0)
		return no_memory(why);
	plan_set(file, text, strlen(text));
	return 0;
}

/* As Docker's own package of containerd has it. */
static void warn_of_disabled(const struct containerd_config *config, struct setup_plan *plan)
{
	for (size_t i = 0; i < config->toml.n; i++) {
		const struct toml_item *item = &config->toml.items[i];

		if (strcmp(item->path, "disabled_plugins" TOML_SEP TOML_ELEMENT) == 0 &&
		    item->text &&
		    (strcmp(item->text, "cri") == 0 ||
		     strcmp(item->text, "io.containerd.grpc.v1.cri") == 0))
			plan_note(plan, "its CRI plugin is disabled (disabled_plugins), so nobody "
					"asks for this handler yet");
	}
}

static int plan_enable(const struct setup_place *place, const struct setup_options *options,
		       struct setup_plan *plan, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	_cleanup_free_ char *path = containerd_path(place), *import = containerd_import(place);
	_cleanup_(cleanup_text) struct edit_text t = {0};
	struct setup_plan main = {0};
	struct setup_file *file = NULL;
	int r = path && import ? plan_read(&main, path, &file, why) : no_memory(why);

	if (r == 0)
		r = containerd_parse(file->old ? file->old : "", file->old_len, &config, why);
	if (r == 0 && !setup_is_program(place, SETUP_RUNTIME_PATH))
		r = why_set(why, ENOENT, "%s is not installed", SETUP_RUNTIME_PATH);
	if (r == 0)
		r = copy_text(file, &t, why);
	if (r == 0 && config.version == 2)
		r = enable_in_place(&t, &config, options->by_default, why);
	if (r == 0 && config.version == 3)
		r = add_import(&t, &config, import, why);
	if (r == 0)
		r = check(&t, config.version == 3 ? import : NULL, why);
	if (r < 0) {
		why_prefix(why, r, path ? path : "containerd");
		setup_plan_free(&main);
		return r;
	}
	/* What is imported must be there first. */
	if (config.version == 3)
		r = plan_drop_in(place, &config, options->by_default, plan, why);
	warn_of_disabled(&config, plan);
	file->keep_backup = file->old && !plan_same(t.text, t.len, file->old, file->old_len) &&
			    !containerd_key(&config, SETUP_RUNTIME_NAME, BINARY);
	plan_set(file, TAKE_PTR(t.text), t.len);
	plan->files[plan->n_files++] = main.files[0];
	return r;
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

/* Removes the lines that end in our mark. */
static int cut_lines(struct edit_text *t)
{
	int r = 0;

	for (char *at; r == 0 && (at = strstr(t->text, CONTAINERD_LINE));) {
		size_t start = (size_t)(at - t->text);

		while (start > 0 && t->text[start - 1] != '\n')
			start--;
		r = edit_splice(t, start, (size_t)(at - t->text) + strlen(CONTAINERD_LINE), "");
	}
	return r;
}

/* The import in somebody's own array, with the comma before or behind it. */
static int cut_import(struct edit_text *t, const char *import)
{
	_cleanup_free_ char *name = NULL;
	char *at;
	size_t start, end;

	if (asprintf(&name, "\"%s\"", import) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	at = strstr(t->text, name);
	if (!at)
		return 0;
	start = (size_t)(at - t->text);
	end = start + strlen(name);
	if (start >= 2 && memcmp(t->text + start - 2, ", ", 2) == 0)
		start -= 2;
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

	if (r < 0 || !is_default(&config))
		return r;
	if (backup->text && containerd_parse(backup->text, backup->len, &before, &unused) == 0)
		old = find_default(&before);
	value = old ? strndup(backup->text + old->start, old->end - old->start)
		    : strdup("\"runc\"");
	item = find_default(&config);
	return !value || edit_splice(t, item->start, item->end, value) < 0 ? no_memory(why) : 0;
}

static int strip(struct edit_text *t, const struct edit_text *backup, const char *import,
		 struct why *why)
{
	if (cut_blocks(t) < 0 || cut_lines(t) < 0 || cut_import(t, import) < 0)
		return no_memory(why);
	return strip_default(t, backup, why);
}

/* Is @file what enable made of @backup? Then all of what we did is in the difference. */
static bool is_enabled_backup(const struct setup_file *file, const struct edit_text *backup,
			      const char *import)
{
	for (int by_default = 0; by_default < 2; by_default++) {
		_cleanup_(containerd_config_free) struct containerd_config config = {0};
		_cleanup_(cleanup_text) struct edit_text t = {0};
		struct why unused;
		int r = containerd_parse(backup->text, backup->len, &config, &unused);

		t = (struct edit_text){strndup(backup->text, backup->len), backup->len};
		if (r == 0 && t.text && config.version == 2)
			r = enable_in_place(&t, &config, by_default, &unused);
		else if (r == 0 && t.text)
			r = add_import(&t, &config, import, &unused);
		if (r == 0 && plan_same(t.text, t.len, file->old, file->old_len))
			return true;
	}
	return false;
}

static int plan_disable_config(struct setup_file *file, const char *import, struct why *why)
{
	_cleanup_(cleanup_text) struct edit_text backup = {0}, t = {0};
	int r = plan_backup(file, &backup, why);

	if (r < 0)
		return r;
	file->remove_backup = r > 0;
	if (!file->old)
		return 0;
	if (r > 0 && is_enabled_backup(file, &backup, import)) {
		plan_set(file, backup.text, backup.len);
		backup.text = NULL;
		return 0;
	}
	r = copy_text(file, &t, why);
	if (r == 0)
		r = strip(&t, &backup, import, why);
	if (r < 0)
		return r;
	if (!backup.text && strcmp(t.text, "version = 2\n") == 0 && t.len != file->old_len)
		plan_set(file, NULL, 0); /* we have made it */
	else
		plan_set(file, TAKE_PTR(t.text), t.len);
	return 0;
}

static int plan_disable(const struct setup_place *place, struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *path = containerd_path(place), *import = containerd_import(place);
	_cleanup_free_ char *drop_in = containerd_drop_in_path(place);
	struct setup_file *file = NULL;
	int r = path && import && drop_in ? plan_read(plan, path, &file, why) : no_memory(why);

	if (r == 0)
		r = plan_disable_config(file, import, why);
	if (r < 0)
		return why_prefix(why, r, path ? path : "containerd");
	/* Only when nothing imports it any more. */
	r = plan_read(plan, drop_in, &file, why);
	if (r == 0)
		plan_set(file, NULL, 0);
	return r;
}

int containerd_plan(const struct setup_place *place, const struct setup_options *options,
		    struct setup_plan *plan, struct why *why)
{
	int r;

	plan->then = "systemctl restart containerd (it has no reload; containers go on meanwhile)";
	if (options->disable)
		return plan_disable(place, plan, why);
	r = plan_enable(place, options, plan, why);
	if (r == 0 && !options->by_default)
		plan_note(plan, "pods use it by a RuntimeClass with \"handler: " SETUP_RUNTIME_NAME
				"\"; with --default all do");
	return r;
}

static void judge(const struct setup_place *place, const struct containerd_config *config,
		  struct setup_view *view)
{
	const struct toml_item *item = containerd_key(config, SETUP_RUNTIME_NAME, BINARY);

	view->by_default |= is_default(config);
	if (!item || !item->text)
		return;
	view->state = SETUP_ON;
	if (!setup_is_program(place, item->text)) {
		view->state = SETUP_BROKEN;
		why_set(&view->missing, 0,
			"the BinaryName of the runtime " SETUP_RUNTIME_NAME ", %s, is no program",
			quote(item->text));
	}
}

static int judge_file(const struct setup_place *place, const char *path, const char *import,
		      struct setup_view *view, bool *ret_imports, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	struct setup_plan plan = {0};
	struct setup_file *file = NULL;
	int r = plan_read(&plan, path, &file, why);

	if (r == 0) {
		r = containerd_parse(file->old ? file->old : "", file->old_len, &config, why);
		if (r < 0)
			why_prefix(why, r, path);
	}
	if (r == 0)
		judge(place, &config, view);
	if (r == 0 && ret_imports)
		*ret_imports = has_import(&config.toml, import);
	setup_plan_free(&plan);
	return r;
}

static int look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_free_ char *drop_in = containerd_drop_in_path(place),
			    *import = containerd_import(place);
	bool imports = false;
	int r;

	view->file = containerd_path(place);
	if (!view->file || !drop_in || !import)
		return no_memory(why);
	r = judge_file(place, view->file, import, view, &imports, why);
	if (r == 0 && imports && view->state == SETUP_OFF)
		r = judge_file(place, drop_in, import, view, NULL, why);
	if (r == 0 && view->state == SETUP_OFF)
		why_set(&view->missing, 0,
			"the runtime " SETUP_RUNTIME_NAME
			" is not in %s; run \"oci-thin-grow enable containerd\"",
			view->file);
	return r;
}

const struct setup_engine setup_containerd = {
	.name = "containerd",
	.program = "containerd",
	.look = look,
	.plan = containerd_plan,
};
