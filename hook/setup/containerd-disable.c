/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-disable.h"

#include "base/cleanup.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "setup/containerd-check.h"
#include "setup/containerd-shim.h"
#include "setup/containerd-wrap.h"
#include "setup/real-runtime.h"
#include "setup/toml-edit.h"

#include <string.h>

/* Is it only what enable writes first to a new file? */
static bool is_first_text(const struct edit_text *t)
{
	const char *rest = t->text + strlen(CONTAINERD_MADE);

	if (strncmp(t->text, CONTAINERD_MADE, strlen(CONTAINERD_MADE)) != 0)
		return false;
	return strcmp(rest, "{{ template \"base\" . }}\n") == 0 ||
	       (strncmp(rest, "version = ", 10) == 0 && rest[10] && strcmp(rest + 11, "\n") == 0);
}

/* Is there nothing in it but a version? */
static bool is_bare(const struct edit_text *t)
{
	_cleanup_(toml_free) struct toml toml = {0};
	struct why unused;

	return toml_parse(t->text, t->len, &toml, &unused) == 0 &&
	       toml.n == (toml_find(&toml, "version") ? 1 : 0);
}

/* What the backup says; one that cannot be parsed says nothing. */
static void read_before(const struct edit_text *backup, struct containerd_before *ret)
{
	struct why unused;

	ret->text = backup->text;
	if (!backup->text || toml_parse(backup->text, backup->len, &ret->toml, &unused) < 0)
		ret->toml = (struct toml){0};
}

/* Removes all our handlers, or only those that wrap @shim. */
static int strip_handlers(const struct setup_place *place, const struct containerd_before *before,
			  const char *shim, struct edit_text *t, bool *found, struct why *why)
{
	int r = shim ? 0 : containerd_strip(t, before, found, why);

	return r < 0 ? r : containerd_unwrap(place, t, before, shim, found, why);
}

/* Removes what is ours from the text @t of the file @file. */
static int strip_file(const struct setup_place *place, const struct containerd_file *file,
		      const struct edit_text *backup, const char *shim, const char *drop_in,
		      struct edit_text *t, struct why *why)
{
	struct containerd_before before = {
		.is_known = backup->text ||
			    strncmp(t->text, CONTAINERD_MADE, strlen(CONTAINERD_MADE)) == 0,
	};
	bool found = false;
	int r;

	read_before(backup, &before);
	r = strip_handlers(place, &before, shim, t, &found, why);
	for (size_t i = 0; r == 0 && drop_in && i < file->toml.n; i++) {
		const struct toml_item *item = &file->toml.items[i];

		if (toml_is_string_in(item, "imports") && !strchr(item->text, '*') &&
		    containerd_import_is(place, file->name, item->text, drop_in))
			r = containerd_strip_import(t, &before, item->text, why);
	}
	if (r == 0 && found && backup->text && before.toml.n == 0 && is_bare(t))
		r = toml_cut(t, "version", NULL, why);
	toml_free(&before.toml);
	return r;
}

/* @drop_in: what is not to be imported any more; NULL: it stays. */
static int disable_file(const struct setup_place *place, const struct containerd_file *file,
			const char *shim, const char *drop_in, struct setup_plan *plan,
			struct why *why)
{
	_cleanup_(edit_free) struct edit_text backup = {0}, t = {0};
	struct setup_file *change = NULL;
	int r = change_backup(place, file->path, &backup, why);
	bool has_backup = r > 0, stays;

	if (r < 0)
		return r;
	if (edit_copy(file->text ? file->text : "", file->len, &t) < 0)
		return why_no_memory(why);
	r = file->text ? strip_file(place, file, &backup, shim, drop_in, &t, why) : 0;
	if (r < 0)
		return why_prefix(why, r, file->path);
	/* Keep the backup as long as something of ours is in the file. */
	stays = !has_backup || containerd_is_ours(t.text, t.len);
	if (stays && change_same(t.text, t.len, file->text ? file->text : "", file->len))
		return 0;
	r = change_read(place, file->name, plan, &change, why);
	if (r < 0)
		return r;
	change->remove_backup = !stays;
	if (!file->text)
		return 0;
	if (!has_backup && is_first_text(&t))
		change_set(change, NULL, 0);
	else
		change_set(change, TAKE_PTR(t.text), t.len);
	return 0;
}

/* The drop-in, or a part that was named: goes when nothing is left in it. *ret_stays: it is not. */
static int disable_drop_in(const struct setup_place *place, const char *name, const char *shim,
			   struct setup_plan *plan, bool *ret_stays, struct why *why)
{
	_cleanup_(edit_free) struct edit_text backup = {0}, t = {0};
	struct containerd_before before = {.is_known = true};
	struct setup_file *file = NULL;
	bool found = false;
	int r = change_read(place, name, plan, &file, why);

	if (r < 0 || !file->old)
		return r;
	r = change_backup(place, file->path, &backup, why);
	if (r < 0)
		return r;
	if (edit_copy(file->old, file->old_len, &t) < 0)
		return why_no_memory(why);
	read_before(&backup, &before);
	r = strip_handlers(place, &before, shim, &t, &found, why);
	toml_free(&before.toml);
	if (r < 0)
		return why_prefix(why, r, file->path);
	file->remove_backup = !containerd_is_ours(t.text, t.len);
	*ret_stays = backup.text || !is_bare(&t);
	if (!*ret_stays)
		change_set(file, NULL, 0);
	else
		change_set(file, TAKE_PTR(t.text), t.len);
	return 0;
}

/* A handler with another name that calls us is the operator's. */
static void note_handler(const struct containerd_file *file, const struct toml_item *item,
			 struct setup_plan *plan)
{
	const char *end = strstr(item->path, TOML_SEP CONTAINERD_BINARY);
	_cleanup_free_ char *path = end ? strndup(item->path, (size_t)(end - item->path)) : NULL;
	const char *name = path ? strrchr(path, *TOML_SEP) : NULL;

	if (name && item->kind == TOML_STRING && strstr(item->text, "oci-thin-grow-runtime") &&
	    strcmp(name + 1, SETUP_RUNTIME_NAME) != 0)
		change_note(plan, "left: the handler %s in %s, which calls %s", quote(name + 1),
			    file->path, quote(item->text));
}

static void note_left(const struct setup_place *place, const struct containerd_files *files,
		      struct setup_plan *plan)
{
	for (size_t i = 0; i < files->n; i++) {
		const struct containerd_file *file = &files->files[i];

		if (i > 0 && file->text && file->toml.n == 0 &&
		    strstr(file->text, SETUP_RUNTIME_NAME))
			change_note(plan,
				    "left: %s, which mentions oci-thin-grow but cannot be parsed",
				    file->path);
		for (size_t k = 0; k < file->toml.n; k++)
			note_handler(file, &file->toml.items[k], plan);
	}
	real_runtime_note(place, ENGINE_CONTAINERD, plan);
}

/* All files but the drop-in first: it goes when nothing imports it any more. */
static int plan_disable(const struct setup_place *place, const struct containerd_files *files,
			const char *shim, struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *name = containerd_drop_in_name(place), *path = NULL;
	struct setup_plan last = {0};
	bool stays = false;
	int r = 0;

	if (!name || place_resolve(place, name, &path) < 0 || !path)
		return why_no_memory(why);
	if (containerd_is_part(place))
		return disable_file(place, &files->files[files->n - 1], shim, NULL, plan, why);
	r = disable_drop_in(place, name, shim, &last, &stays, why);
	for (size_t i = 0; r == 0 && i < files->n; i++) {
		if (strcmp(files->files[i].path, path) != 0)
			r = disable_file(place, &files->files[i], shim, stays ? NULL : path, plan,
					 why);
	}
	if (r == 0 && plan->n_files == SETUP_MAX_FILES)
		r = why_set(why, E2BIG, "too many files to change");
	if (r == 0 && last.n_files) {
		plan->files[plan->n_files++] = last.files[0];
		last.n_files = 0;
	}
	if (stays && !shim)
		change_note(plan, "left: %s and its import, because the file has other settings",
			    path);
	setup_plan_free(&last);
	return r;
}

/* A config.toml that cannot be parsed has nothing of ours, unless it mentions us. */
static int check_readable(const struct containerd_files *files, int r, const struct why *fault,
			  struct why *why)
{
	const struct containerd_file *file = &files->files[0];

	if (r != -EINVAL || !file->text || strstr(file->text, SETUP_RUNTIME_NAME)) {
		*why = *fault;
		return r;
	}
	return 0;
}

int containerd_disable(const struct setup_place *place, const struct setup_options *options,
		       struct setup_plan *plan, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	_cleanup_(containerd_dump_free) struct containerd_dump before = {0};
	struct why fault;
	int r = containerd_read(place, &config, &fault);
	bool readable = r == 0;

	if (r < 0)
		r = check_readable(&config.files, r, &fault, why);
	if (r == 0)
		r = plan_disable(place, &config.files, options->shim, plan, why);
	if (r < 0 || !setup_plan_changes(plan))
		return r;
	note_left(place, &config.files, plan);
	containerd_note_shims(place, &config, options->shim, plan);
	if (!options->check || !readable)
		return 0;
	/* If it was broken before, that is no reason to refuse. */
	if (containerd_dump_now(place, &config, &before, &fault) < 0)
		change_note(plan, "%s", fault.text);
	return containerd_check_disabled(place, plan, &before, why);
}
