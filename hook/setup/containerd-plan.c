/* SPDX-License-Identifier: Apache-2.0 */

/* What enable and disable do to containerd's config.toml. */

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/containerd-edit.h"

#include <string.h>

static int copy_text(const struct setup_file *file, struct edit_text *ret, struct why *why)
{
	return edit_copy(file->old ? file->old : "", file->old_len, ret) < 0 ? why_no_memory(why)
									     : 0;
}

/* The edited text must be understood, and say what was wanted. */
static int check_edited(const struct edit_text *t, const char *import, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	int r = containerd_parse(t->text, t->len, &config, why);

	if (r == 0 &&
	    !(import ? containerd_has_import(&config, import)
		     : containerd_key(&config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY) != NULL))
		r = why_set(why, EINVAL, "cannot be edited; add the lines by hand");
	return r;
}

static int enable_drop_in(const struct setup_place *place, const struct containerd_config *config,
			  bool by_default, struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *path = containerd_drop_in_name(place), *block = NULL;
	struct setup_file *file = NULL;
	char *text;
	int r = path ? change_read(place, path, plan, &file, why) : why_no_memory(why);

	if (r < 0 || !file)
		return r;
	by_default |= file->old && strstr(file->old, CONTAINERD_DEFAULT);
	block = containerd_block(config, by_default);
	text = block ? text_new("version = 3\n%s", block) : NULL;
	if (!text)
		return why_no_memory(why);
	change_set(file, text, strlen(text));
	return 0;
}

/* Is our handler in config.toml itself? */
static bool is_by_hand(const struct containerd_config *config)
{
	return containerd_key(config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY) != NULL;
}

/* Pure: the text @t with what its version needs. */
static int add_ours(struct edit_text *t, const char *import, bool by_default, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	_cleanup_(edit_free) struct edit_text before = {0};
	bool imports;
	int r = edit_copy(t->text, t->len, &before) < 0 ? why_no_memory(why) : 0;

	if (r == 0)
		r = containerd_parse(before.text, before.len, &config, why);
	if (r < 0)
		return r;
	imports = config.version == 3 && !is_by_hand(&config);
	if (config.version == 2)
		r = containerd_add_handler(t, &config, by_default, why);
	else if (imports)
		r = containerd_add_import(t, &config, import, why);
	return r < 0 ? r : check_edited(t, imports ? import : NULL, why);
}

static bool needs_repair(const struct setup_place *place, const struct containerd_config *config)
{
	const struct toml_item *binary =
		containerd_key(config, SETUP_RUNTIME_NAME, CONTAINERD_BINARY);
	struct why unused;

	return containerd_has_handler(config, SETUP_RUNTIME_NAME) &&
	       !(binary && binary->text && setup_is_runtime(place, binary->text, &unused));
}

static int enable_in_config(const struct setup_place *place, struct setup_file *file,
			    const struct containerd_config *config, const char *import,
			    bool by_default, struct why *why)
{
	_cleanup_(edit_free) struct edit_text t = {0};
	bool is_new = !containerd_has_handler(config, SETUP_RUNTIME_NAME);
	int r = copy_text(file, &t, why);

	if (r == 0 && needs_repair(place, config)) {
		by_default |= containerd_is_default(config);
		r = containerd_repair(&t, why);
	}
	if (r == 0)
		r = add_ours(&t, import, by_default, why);
	if (r < 0)
		return why_prefix(why, r, file->path);
	file->keep_backup =
		file->old && is_new && !change_same(t.text, t.len, file->old, file->old_len);
	change_set(file, TAKE_PTR(t.text), t.len);
	return 0;
}

static int containerd_enable(const struct setup_place *place, bool by_default,
			     struct setup_plan *plan, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	_cleanup_free_ char *name = containerd_file_name(place), *import = containerd_import(place);
	struct setup_file *file = NULL;
	struct why fault;
	int r = name && import ? change_read(place, name, plan, &file, why) : why_no_memory(why);

	if (r < 0 || !file)
		return r;
	r = containerd_parse(file->old ? file->old : "", file->old_len, &config, why);
	if (r < 0)
		return why_prefix(why, r, file->path);
	if (!setup_is_runtime(place, RUNTIME_PATH, &fault))
		return why_set(why, ENOENT, RUNTIME_PATH " %s", fault.text);
	if (containerd_is_cri_disabled(&config))
		change_note(plan,
			    "its CRI plugin is disabled (disabled_plugins), so nobody asks for "
			    "this handler yet");
	r = enable_in_config(place, file, &config, import, by_default, why);
	if (r == 0 && config.version == 3 && !is_by_hand(&config))
		r = enable_drop_in(place, &config, by_default, plan, why);
	if (r == 0 && plan->n_files == 2) {
		/* What is imported must be there first. */
		struct setup_file first = plan->files[0];

		plan->files[0] = plan->files[1];
		plan->files[1] = first;
	}
	return r;
}

/* Is @file what enable made of @backup? Then all of what we did is in the difference. */
static bool is_enabled_backup(const struct setup_file *file, const struct edit_text *backup,
			      const char *import)
{
	for (int by_default = 0; by_default < 2; by_default++) {
		_cleanup_(containerd_config_free) struct containerd_config config = {0};
		_cleanup_(edit_free) struct edit_text t = {0};
		struct why unused;
		int r = containerd_parse(backup->text, backup->len, &config, &unused);

		if (r == 0)
			r = edit_copy(backup->text, backup->len, &t);
		if (r == 0 && config.version == 2)
			r = containerd_add_handler(&t, &config, by_default, &unused);
		else if (r == 0)
			r = containerd_add_import(&t, &config, import, &unused);
		if (r == 0 && change_same(t.text, t.len, file->old, file->old_len))
			return true;
	}
	return false;
}

static int disable_in_config(struct setup_file *file, const char *import, struct why *why)
{
	_cleanup_(edit_free) struct edit_text backup = {0}, t = {0};
	int r = change_backup(file, &backup, why);

	if (r < 0)
		return r;
	file->remove_backup = r > 0;
	if (!file->old)
		return 0;
	if (r > 0 && is_enabled_backup(file, &backup, import)) {
		change_set(file, backup.text, backup.len);
		backup.text = NULL;
		return 0;
	}
	r = copy_text(file, &t, why);
	if (r == 0)
		r = containerd_strip(&t, &backup, import, why);
	if (r < 0)
		return r;
	if (!backup.text && strcmp(t.text, "version = 2\n") == 0 && t.len != file->old_len)
		change_set(file, NULL, 0); /* we have made it */
	else
		change_set(file, TAKE_PTR(t.text), t.len);
	return 0;
}

static int containerd_disable(const struct setup_place *place, struct setup_plan *plan,
			      struct why *why)
{
	_cleanup_free_ char *path = containerd_file_name(place), *import = containerd_import(place);
	_cleanup_free_ char *drop_in = containerd_drop_in_name(place);
	struct setup_file *file = NULL;
	int r = path && import && drop_in ? change_read(place, path, plan, &file, why)
					  : why_no_memory(why);

	if (r == 0 && file)
		r = disable_in_config(file, import, why);
	if (r < 0)
		return why_prefix(why, r, path ? path : "containerd");
	/* Only when nothing imports it any more. */
	r = change_read(place, drop_in, plan, &file, why);
	if (r == 0)
		change_set(file, NULL, 0);
	return r;
}

int containerd_plan(const struct setup_place *place, const struct setup_options *options,
		    struct setup_plan *plan, struct why *why)
{
	int r;

	plan->then = "systemctl restart containerd (it has no reload; containers go on meanwhile)";
	if (options->disable)
		return containerd_disable(place, plan, why);
	r = containerd_enable(place, options->by_default, plan, why);
	if (r == 0 && !options->by_default)
		change_note(plan,
			    "pods use it by a RuntimeClass with \"handler: " SETUP_RUNTIME_NAME
			    "\"; with --default all do");
	return r;
}
