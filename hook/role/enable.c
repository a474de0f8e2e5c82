/* SPDX-License-Identifier: Apache-2.0 */

/* `enable ENGINE` and `disable ENGINE`: hooks the program into an engine's configuration. */

#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/shim-name.h"
#include "base/text.h"
#include "job/tell.h"
#include "policy/config.h"
#include "role/role.h"
#include "setup/change.h"
#include "setup/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENGINES ENGINE_LIST("|", "|")

static const char help_enable[] =
	"Usage: oci-thin-grow enable [OPTIONS] " ENGINES "\n"
	"Hooks the program into an engine: adds what is missing to the engine's\n"
	"configuration, and prints the command that makes the engine read it. No daemon\n"
	"is reloaded or restarted. What a file was before is kept below\n" CHANGE_BACKUPS
	", until disable.\n\n"
	"  --print            only show what would be changed\n"
	"  --file FILE        the engine's configuration file, if not the usual one\n"
	"  --root DIR         change the host whose filesystem is mounted at DIR\n"
	"  --no-default       docker: only containers with --runtime oci-thin-grow\n"
	"  --default          containerd: all pods, not only those of the runtime class\n"
	"  --like HANDLER     containerd: ours is a copy of this handler, not of runc\n"
	"  --shim NAME        containerd: a copy of the one that runs the shim NAME\n"
	"                     (Kata and other VMs); disks grow before that starts\n"
	"  --in-place         containerd, --shim: change that handler, do not copy it\n"
	"  --snapshotter NAME containerd: pods of our handler use this snapshotter\n"
	"  --runtime PATH     docker, containerd: the OCI runtime that ours becomes\n"
	"  --no-check         docker, containerd: do not let it check the new files\n"
	"  --force            also replace a default runtime that is not runc\n\n"
	"docker      /etc/docker/daemon.json: a runtime, and that as the default\n"
	"containerd  /etc/containerd/config.toml, or what it imports: a runtime handler;\n"
	"            from version 3 on as conf.d/50-oci-thin-grow.toml beside that file,\n"
	"            which then imports it; for a shim, a link in /usr/local/bin, too\n"
	"podman      50-oci-thin-grow.json in /usr/share/containers/oci/hooks.d, or in\n"
	"            the directory that hooks_dir in containers.conf names\n"
	"crio        that file, too; and /etc/crio/crio.conf.d/50-oci-thin-grow.conf if\n"
	"            hooks_dir lacks its directory\n\n"
	"Examples:\n"
	"  oci-thin-grow enable --print docker\n"
	"  oci-thin-grow enable docker && systemctl reload docker\n"
	"  oci-thin-grow enable --default containerd && systemctl restart containerd\n"
	"  oci-thin-grow enable --snapshotter devmapper containerd\n"
	"  oci-thin-grow enable --shim kata-qemu containerd\n\n"
	"Exit status: 0 done, or nothing to do; 1 failed; 2 usage, or a configuration\n"
	"that cannot be parsed; 3 refused: it would replace something of yours.\n";

static const char help_disable[] =
	"Usage: oci-thin-grow disable [OPTIONS] " ENGINES "\n"
	"Undoes enable. A file that is unchanged since is restored byte for byte; from\n"
	"another one only what enable added is removed. podman and CRI-O read the same\n"
	"file: disabling one disables both.\n\n"
	"  --print            only show what would be changed\n"
	"  --file FILE        the engine's configuration file, if not the usual one\n"
	"  --root DIR         change the host whose filesystem is mounted at DIR\n"
	"  --keep-runtime     docker: no longer the default, but kept for the containers\n"
	"                     that were created with it and do not start without it\n"
	"  --shim NAME        containerd: only what calls our shim for NAME\n"
	"  --no-check         docker, containerd: do not let it check the new files\n\n"
	"Examples:\n"
	"  oci-thin-grow disable --print docker\n"
	"  oci-thin-grow disable --keep-runtime docker && systemctl restart docker\n\n"
	"Exit status: as with enable.\n";

struct order {
	const struct arguments *args;
	struct setup_place place;
	struct setup_options options;
	const struct setup_engine *engine; /* NULL: unknown */
};

/* Prints the line of @text at @at after a sign. Returns where the next one begins. */
static size_t print_line(char sign, const char *text, size_t at, size_t end)
{
	const char *newline = memchr(text + at, '\n', end - at);
	size_t stop = newline ? (size_t)(newline - text) + 1 : end;

	printf("%c%.*s%s", sign, (int)(stop - at), text + at,
	       newline ? "" : "\n\\ No newline at end of file\n");
	return stop;
}

/* The lines between those at the beginning and at the end that are the same. */
static void print_difference(const struct setup_file *file)
{
	const char *old = file->old ? file->old : "", *new = file->new ? file->new : "";
	size_t old_end = file->old_len, new_end = file->new_len, start = 0, same = 0;

	for (size_t i = 0; i < old_end && i < new_end && old[i] == new[i]; i++) {
		if (old[i] == '\n')
			start = i + 1;
	}
	for (size_t n = 1; n <= old_end - start && n <= new_end - start; n++) {
		if (old[old_end - n] != new[new_end - n])
			break;
		if (n == old_end - start || n == new_end - start ||
		    (old[old_end - n - 1] == '\n' && new[new_end - n - 1] == '\n'))
			same = n;
	}
	if (file->is_link) {
		printf("link %s -> %s\n", file->path, new);
		return;
	}
	printf("--- %s\n+++ %s\n", file->old ? file->path : "/dev/null",
	       file->new ? file->path : "/dev/null");
	for (size_t at = start; at < old_end - same;)
		at = print_line('-', old, at, old_end - same);
	for (size_t at = start; at < new_end - same;)
		at = print_line('+', new, at, new_end - same);
}

static const char *what_was_done(const struct setup_file *file)
{
	return !file->new ? "removed" : !file->old ? "created" : "changed";
}

static void log_changes(const struct order *order, const struct setup_plan *plan)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		struct log_line line;

		if (!setup_file_changes(&plan->files[i]))
			continue;
		log_begin(&line, order->options.disable ? "disable" : "enable");
		log_add(&line, "engine", order->engine->name);
		log_add(&line, "file", plan->files[i].path);
		log_add(&line, "what", what_was_done(&plan->files[i]));
		log_end(&line, LOG_INFO);
	}
}

static int say_plan(const struct order *order, const struct setup_plan *plan)
{
	bool any = setup_plan_changes(plan);

	for (size_t i = 0; i < plan->n_files; i++) {
		if (!setup_file_changes(&plan->files[i]))
			continue;
		if (order->args->print)
			print_difference(&plan->files[i]);
		else
			printf("%s: %s\n", plan->files[i].path, what_was_done(&plan->files[i]));
	}
	if (!any)
		printf("%s: %s already\n", order->engine->name,
		       order->options.disable ? "disabled" : "enabled");
	else
		printf("then: %s\n", plan->then);
	for (size_t i = 0; any && i < plan->n_notes; i++)
		printf("note: %s\n", plan->notes[i].s);
	if (*plan->manifest.s)
		printf("pods use it by this RuntimeClass:\n\n%s", plan->manifest.s);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static int exit_status(int r)
{
	return r == -EEXIST ? EXIT_REFUSED : r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

static int enable(const struct order *order)
{
	const char *command = order->options.disable ? "disable" : "enable";
	struct setup_plan plan = {0};
	struct why why;
	int status,
		r = setup_plan(&order->place, order->engine->name, &order->options, &plan, &why);

	if (r == 0 && !order->args->print)
		r = setup_apply(&plan, &why);
	if (r < 0) {
		log_stderr("%s %s: %s", command, order->engine->name, why.text);
		status = exit_status(r);
	} else {
		if (!order->args->print)
			log_changes(order, &plan);
		status = say_plan(order, &plan);
	}
	setup_plan_free(&plan);
	return status;
}

static bool has_option(const struct setup_engine *engine, const char *name)
{
	for (const char *const *option = engine->options; *option; option++) {
		if (strcmp(*option, name) == 0)
			return true;
	}
	return false;
}

/* An option that the engine does not take is an error. */
static bool is_option_wrong(const struct order *order, struct text *ret)
{
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{"no-default", order->args->no_default},
		{"force", order->args->force},
		{"keep-runtime", order->args->keep_runtime},
		{"default", order->args->by_default},
		{"like", order->args->like != NULL},
		{"shim", order->args->shim != NULL},
		{"in-place", order->args->in_place},
		{"no-check", order->args->no_check},
		{"runtime", order->args->runtime != NULL},
		{"snapshotter", order->args->snapshotter != NULL},
	};

	for (size_t i = 0; i < COUNT(options); i++) {
		const char *separator = " is for ";

		if (!options[i].given || has_option(order->engine, options[i].name))
			continue;
		text_add(ret, "--%s", options[i].name);
		for (const struct setup_engine *owner = setup_engines; owner->name; owner++) {
			if (!has_option(owner, options[i].name))
				continue;
			text_add(ret, "%s%s", separator, owner->name);
			separator = " and ";
		}
		text_add(ret, " only");
		return true;
	}
	return false;
}

static bool is_wrong(const struct order *order, struct text *ret)
{
	const struct arguments *args = order->args;

	if (args->n_operands > 1) {
		text_add(ret, "one engine at a time");
		return true;
	}
	if (!order->engine) {
		text_add(ret, "unknown engine %s (" ENGINE_LIST(", ", ", ") ")",
			 quote(args->operands[0]));
		return true;
	}
	if (is_option_wrong(order, ret))
		return true;
	if ((args->file && args->file[0] != '/') || (args->root && args->root[0] != '/'))
		text_add(ret, "--file and --root take a path that begins with \"/\"");
	else if (args->runtime && args->runtime[0] != '/')
		text_add(ret, "--runtime takes a path that begins with \"/\"");
	else if ((args->like && !quote_is_plain(args->like)) ||
		 (args->snapshotter && !quote_is_plain(args->snapshotter)))
		text_add(ret, "--like and --snapshotter take a plain name");
	else if (args->shim && !shim_name_is_valid(args->shim))
		text_add(ret, "--shim takes the NAME of containerd-shim-NAME-v2");
	return ret->s[0] != '\0';
}

/* Reads our configuration of the host that is changed. */
static int enable_knowing_runtime(struct order *order)
{
	static const struct config_listener nobody = {0};
	struct policy policy;
	_cleanup_free_ char *dir =
		text_new("%s" CONFIG_DIR, order->place.root ? order->place.root : "");
	/* A handler is called like the shim that it runs, if nobody says otherwise. */
	const char *name = order->options.shim ? order->options.shim : order->options.like;
	const struct shim *shim;
	int status;

	if (!dir)
		return EXIT_FAILED;
	config_load(dir, order->args->config_file, &nobody, &policy);
	order->options.runtime_now = policy.runtime;
	order->options.runtime_file = config_origin(&policy, "runtime").file;
	shim = name ? policy_shim(&policy, name) : NULL;
	if (shim) {
		order->options.shim_now = shim->path;
		order->options.shim_file = shim->file;
	}
	status = enable(order);
	config_free(&policy);
	return status;
}

static int run_enable(const struct arguments *args)
{
	const struct setup_engine *engine = setup_find_engine(args->operands[0]);
	struct order order = {
		.args = args,
		.place = {.root = args->root, .file = args->file},
		.engine = engine,
		.options =
			{
				.disable = strcmp(args->command, "disable") == 0,
				.force = args->force,
				.check = !args->no_check,
				.like = args->like,
				.shim = args->shim,
				.in_place = args->in_place,
				.snapshotter = args->snapshotter,
				.runtime = args->runtime,
				.keep_runtime = args->keep_runtime,
				.by_default = args->by_default ||
					      (engine && engine->by_default && !args->no_default),
			},
	};
	struct text wrong = {""};

	return is_wrong(&order, &wrong) ? tell_usage(args->command, args->json, "%s", wrong.s)
					: enable_knowing_runtime(&order);
}

const struct command command_enable = {
	.name = "enable",
	.arguments = "ENGINE",
	.what = "hook the program into an engine",
	.help = help_enable,
	.options = {"print", "file", "root", "default", "no-default", "force", "like", "shim",
		    "in-place", "snapshotter", "runtime", "no-check"},
	.min_operands = 1,
	.max_operands = ANY_NUMBER,
	.needs_root = true,
	.run = run_enable,
};

const struct command command_disable = {
	.name = "disable",
	.arguments = "ENGINE",
	.what = "undo enable",
	.help = help_disable,
	.options = {"print", "file", "root", "shim", "keep-runtime", "no-check"},
	.min_operands = 1,
	.max_operands = ANY_NUMBER,
	.needs_root = true,
	.run = run_enable,
};
