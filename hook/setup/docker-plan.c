/* SPDX-License-Identifier: Apache-2.0 */

/* What enable and disable do to Docker's daemon.json. */

#include "base/cleanup.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/docker-check.h"
#include "setup/docker-config.h"
#include "setup/docker-daemon.h"
#include "setup/docker-runtime.h"
#include "setup/docker-unit.h"
#include "setup/docker-users.h"
#include "setup/engines.h"
#include "setup/ours.h"
#include "setup/real-runtime.h"

#include <string.h>

#define QUOTED_NAME "\"" SETUP_RUNTIME_NAME "\""

static int copy_text(const char *text, size_t len, struct edit_text *ret, struct why *why)
{
	return edit_copy(text, len, ret) < 0 ? why_no_memory(why) : 0;
}

#define INSTEAD                                                                                    \
	"use --force, and our runtime executes that one's program; or use --no-default and "       \
	"\"docker run "                                                                            \
	"--runtime " SETUP_RUNTIME_NAME "\""

static int add_default(struct edit_text *t, const struct docker_config *config, bool force,
		       struct why *why)
{
	int r;

	if (docker_is_default(config))
		return 0;
	if (!config->default_runtime)
		return edit_add(t, NULL, "default-runtime", QUOTED_NAME, why);
	r = setup_check_default(config->default_runtime, force, INSTEAD, why);
	return r < 0 ? r : edit_set(t, NULL, "default-runtime", QUOTED_NAME, why);
}

/* @repair: one with our name exists, but is not our program. */
static int add_runtime(struct edit_text *t, const struct docker_config *config, bool repair,
		       struct why *why)
{
	if (config->has_runtime)
		return repair ? edit_set(t, "runtimes", SETUP_RUNTIME_NAME, DOCKER_RUNTIME, why)
			      : 0;
	if (!config->runtimes)
		return edit_add(t, NULL, "runtimes", "{ " QUOTED_NAME ": " DOCKER_RUNTIME " }",
				why);
	return edit_add(t, "runtimes", SETUP_RUNTIME_NAME, DOCKER_RUNTIME, why);
}

struct wish {
	bool by_default, force, repair;
};

/* The text @from with our keys in it. Pure. */
static int enabled(const char *from, size_t len, const struct wish *wish, struct edit_text *ret,
		   struct why *why)
{
	_cleanup_(docker_config_free) struct docker_config config = {0}, after = {0};
	bool blank = docker_is_blank(from, len);
	int r = docker_parse(from, len, &config, why);

	if (r == 0)
		r = blank ? copy_text("{}\n", 3, ret, why) : copy_text(from, len, ret, why);
	if (r == 0)
		r = add_runtime(ret, &config, wish->repair, why);
	if (r == 0 && wish->by_default)
		r = add_default(ret, &config, wish->force, why);
	if (r == 0)
		r = docker_parse(ret->text, ret->len, &after, why);
	if (r == 0 && (!after.has_runtime || (wish->by_default && !docker_is_default(&after))))
		r = why_set(why, EINVAL, "cannot be edited");
	return r;
}

/* Restores the earlier default, or removes ours. */
static int docker_strip_default(struct edit_text *t, const struct docker_config *before,
				struct why *why)
{
	const char *old = before->default_runtime;
	_cleanup_free_ char *value = old ? text_new("\"%s\"", old) : NULL;

	if (!old || docker_is_default(before))
		return edit_remove(t, NULL, "default-runtime", why);
	if (!quote_is_plain(old))
		return why_set(why, EINVAL, "restore the default-runtime %s by hand", quote(old));
	return value ? edit_set(t, NULL, "default-runtime", value, why) : why_no_memory(why);
}

static int strip_runtime(struct edit_text *t, const struct docker_config *before, struct why *why)
{
	_cleanup_(docker_config_free) struct docker_config after = {0};
	int r = edit_remove(t, "runtimes", SETUP_RUNTIME_NAME, why);

	if (r == 0)
		r = docker_parse(t->text, t->len, &after, why);
	if (r == 0 && !after.runtimes->first && !before->runtimes)
		r = edit_remove(t, NULL, "runtimes", why);
	return r;
}

/* The file has changed since enable: removes only our keys. */
static int strip_ours(const struct docker_config *config, const struct docker_config *before,
		      bool keep_runtime, struct edit_text *t, struct why *why)
{
	int r = docker_is_default(config) ? docker_strip_default(t, before, why) : 0;

	if (r == 0 && config->has_runtime && !keep_runtime)
		r = strip_runtime(t, before, why);
	return r;
}

/* Is @file what enable made of @backup? */
static bool is_enabled_backup(const struct setup_file *file, const struct edit_text *backup)
{
	for (int by_default = 0; by_default < 2; by_default++) {
		_cleanup_(edit_free) struct edit_text t = {0};
		struct why unused;
		const struct wish wish = {.by_default = by_default, .force = true};

		if (enabled(backup->text, backup->len, &wish, &t, &unused) == 0 &&
		    change_same(t.text, t.len, file->old, file->old_len))
			return true;
	}
	return false;
}

static bool is_empty_object(const struct edit_text *t)
{
	_cleanup_(docker_config_free) struct docker_config config = {0};
	struct why unused;

	return docker_parse(t->text, t->len, &config, &unused) == 0 &&
	       !json_root(config.doc)->first;
}

static int docker_disable(const struct setup_place *place, struct setup_file *file,
			  const struct docker_config *config, bool keep_runtime, struct why *why)
{
	_cleanup_(docker_config_free) struct docker_config before = {0};
	_cleanup_(edit_free) struct edit_text backup = {0}, t = {0};
	int r, has_backup = change_backup(place, file->path, &backup, why);

	if (has_backup < 0)
		return has_backup;
	file->remove_backup = has_backup && !keep_runtime;
	if (!file->old || !(config->has_runtime || docker_is_default(config)))
		return 0;
	if (has_backup && !keep_runtime && is_enabled_backup(file, &backup)) {
		change_set(file, backup.text, backup.len);
		backup.text = NULL;
		return 0;
	}
	/* a backup that cannot be parsed is ignored */
	if (!has_backup || docker_parse(backup.text, backup.len, &before, why) < 0)
		before = (struct docker_config){0};
	r = copy_text(file->old, file->old_len, &t, why);
	if (r == 0)
		r = strip_ours(config, &before, keep_runtime, &t, why);
	if (r < 0)
		return r;
	if (!has_backup && is_empty_object(&t))
		change_set(file, NULL, 0);
	else
		change_set(file, TAKE_PTR(t.text), t.len);
	return 0;
}

/* A file with our runtime in it gets no other backup. */
static int check_kept_default(const struct setup_place *place, const struct setup_file *file,
			      const struct docker_config *config, struct why *why)
{
	_cleanup_(docker_config_free) struct docker_config before = {0};
	_cleanup_(edit_free) struct edit_text backup = {0};
	struct why unused;
	int r;

	if (!config->has_runtime || docker_is_default(config))
		return 0;
	r = change_backup(place, file->path, &backup, why);
	if (r > 0)
		docker_parse(backup.text, backup.len, &before, &unused);
	return r < 0 ? r
		     : setup_check_kept_default(ENGINE_DOCKER, config->default_runtime,
						before.default_runtime, why);
}

static int docker_enable(const struct setup_place *place, struct setup_file *file,
			 const struct docker_config *config, const struct setup_options *options,
			 struct setup_plan *plan, struct why *why)
{
	_cleanup_(edit_free) struct edit_text t = {0};
	struct wish wish = {.by_default = options->by_default, .force = options->force};
	struct why fault;
	int r;

	if (!setup_is_runtime(place, RUNTIME_PATH, &fault))
		return why_set(why, ENOENT, RUNTIME_PATH " %s", fault.text);
	wish.repair =
		config->has_runtime &&
		!(config->runtime_path && setup_is_runtime(place, config->runtime_path, &fault));
	r = enabled(file->old ? file->old : "", file->old_len, &wish, &t, why);
	if (r == 0 && options->by_default)
		r = check_kept_default(place, file, config, why);
	if (r < 0)
		return r;
	if (change_same(t.text, t.len, file->old, file->old_len))
		return 0;
	if (wish.repair && config->runtime_path)
		change_note(plan, "the path of the runtime " SETUP_RUNTIME_NAME " was %s, which %s",
			    quote(config->runtime_path), fault.text);
	file->keep_backup = !config->has_runtime && !docker_is_default(config);
	change_set(file, TAKE_PTR(t.text), t.len);
	return 0;
}

/* Refuses if dockerd would not read the file that is changed. */
static int check_file(const struct setup_place *place, const struct docker_daemon *daemon,
		      const struct setup_file *file, const char *who, struct why *why)
{
	_cleanup_free_ char *name = NULL, *real = NULL;

	if (daemon->config_file && daemon->config_file[0] == '/')
		name = place_name(place, daemon->config_file);
	if (name && place_resolve(place, name, &real) == 0 && strcmp(real, file->path) != 0)
		return why_set(why, EEXIST, "%s reads another file: use --file %s", who, name);
	return 0;
}

/* @takes_both: dockerd takes runtimes from the file and the command line together. */
static int check_options(const struct docker_daemon *daemon, const struct docker_config *after,
			 bool takes_both, struct why *why)
{
	if (daemon->default_runtime && after->default_runtime)
		return why_set(
			why, EEXIST,
			"dockerd is started with --default-runtime (%s) and does not start "
			"if this file has \"default-runtime\": move the option from there into "
			"this file, or use --no-default",
			daemon->where);
	if (daemon->adds_runtimes && after->runtimes && !takes_both)
		return why_set(
			why, EEXIST,
			"dockerd is started with --add-runtime (%s) and does not start if "
			"this file has \"runtimes\": move the option from there into this file",
			daemon->where);
	return 0;
}

/* How dockerd was started, and how it will be. */
struct starts {
	struct docker_daemon now, next;
};

static void free_starts(struct starts *starts)
{
	docker_daemon_free(&starts->now);
	docker_daemon_free(&starts->next);
}

/* Refuses a plan with which dockerd would not start. */
static int check_starts(const struct setup_place *place, const struct setup_options *options,
			const struct starts *starts, const struct setup_file *file, struct why *why)
{
	_cleanup_(docker_config_free) struct docker_config after = {0};
	struct text who;
	int r, asked = 0;

	text_into(&who, "dockerd (process %d)", starts->now.pid);
	r = check_file(place, &starts->now, file, who.s, why);
	if (r == 0)
		r = check_file(place, &starts->next, file, "docker.service", why);
	if (r == 0 && options->check && setup_file_changes(file))
		r = asked = docker_check(place, &starts->now, file, why);
	if (r < 0 || options->disable || !setup_file_changes(file))
		return r < 0 ? r : 0;
	r = docker_parse(file->new, file->new_len, &after, why);
	if (r == 0)
		r = check_options(&starts->now, &after, asked > 0, why);
	return r < 0 ? r : check_options(&starts->next, &after, asked > 0, why);
}

static void tell_what_then(const struct setup_options *options, struct setup_plan *plan)
{
	if (options->disable) {
		plan->then =
			"systemctl restart docker (a reload is not enough: dockerd 20.10 exits "
			"when its default runtime disappears, and later ones keep using it)";
		return;
	}
	plan->then = "systemctl reload docker";
	change_note(plan, "applies to containers created from now on: Docker stores the runtime "
			  "when it creates one");
}

/* What our runtime becomes is configured before an engine calls it. */
static void put_first(struct setup_plan *plan, size_t i)
{
	struct setup_file first = plan->files[i];

	plan->files[i] = plan->files[0];
	plan->files[0] = first;
}

static int docker_plan_file(const struct setup_place *place, const struct setup_options *options,
			    const struct starts *starts, struct setup_file *file,
			    struct setup_plan *plan, struct why *why)
{
	_cleanup_(docker_config_free) struct docker_config config = {0};
	const char *data_root =
		starts->now.data_root ? starts->now.data_root : starts->next.data_root;
	int r = docker_parse(file->old ? file->old : "", file->old_len, &config, why);

	if (r == 0)
		r = options->disable
			    ? docker_disable(place, file, &config, options->keep_runtime, why)
			    : docker_enable(place, file, &config, options, plan, why);
	if (r == 0)
		r = check_starts(place, options, starts, file, why);
	if (r == 0 && !options->disable)
		r = docker_plan_runtime(place, &config, options, plan, why);
	if (r < 0)
		return why_prefix(why, r, file->path);
	tell_what_then(options, plan);
	if (options->disable && config.has_runtime && !options->keep_runtime)
		docker_users_note(place, data_root ? data_root : config.data_root, plan);
	if (options->disable)
		real_runtime_note(place, ENGINE_DOCKER, plan);
	put_first(plan, plan->n_files - 1);
	return 0;
}

int docker_plan(const struct setup_place *place, const struct setup_options *options,
		struct setup_plan *plan, struct why *why)
{
	_cleanup_(free_starts) struct starts starts = {0};
	_cleanup_free_ char *path = docker_file_name(place);
	struct setup_file *file = NULL;
	int r;

	if (!path || docker_daemon_find(place, &starts.now) < 0 ||
	    docker_unit_find(place, &starts.next) < 0)
		return why_no_memory(why);
	r = change_read(place, path, plan, &file, why);
	return r < 0 ? r : docker_plan_file(place, options, &starts, file, plan, why);
}
