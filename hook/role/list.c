/* SPDX-License-Identifier: Apache-2.0 */

/* `list`: containers on thin devices. */

#include "base/cleanup.h"
#include "base/count.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/table.h"
#include "base/terminal.h"
#include "base/text.h"
#include "disk/thin.h"
#include "job/inventory.h"
#include "job/settings.h"
#include "job/target.h"
#include "oci/json.h"
#include "policy/policy.h"
#include "role/role.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SHORT_ID_BYTES 13
#define WATCH_SECONDS  2

static const char help[] =
	"Usage: oci-thin-grow list [OPTIONS]\n"
	"Shows the containers whose disk is a thin device: how large it is, how full, what was "
	"asked\n"
	"for, and what the engine will make it the next time (ENGINE'S; heal mends that).\n\n"
	"  --json             all in bytes, one object\n"
	"  --names            only what other commands take for a container, a tab, and its "
	"engine;\n"
	"                     of all containers, on thin devices or not\n"
	"  --watch            again every two seconds\n"
	"  --data-root DIR    look for containers there, too (may be given more than once)\n\n"
	"Examples:\n"
	"  oci-thin-grow list\n"
	"  oci-thin-grow list --json | jq '.containers[] | select(.used_percent > 90) | .name'\n\n"
	"Exit status: 0 done, 1 failed, 2 usage.\n";

static int add_text(struct table *table, const struct inventory *row)
{
	const struct engine_container *container = row->container;
	char id[SHORT_ID_BYTES], percent[8] = "-";
	const char *const texts[] = {
		container->engine,
		container->name,
		id,
		row->device,
		size_short(row->device_bytes),
		size_short(row->filesystem_bytes),
		percent,
		size_short(row->requested_bytes),
		size_short(container->remembered),
		container->pid ? "running" : "stopped",
	};

	snprintf(id, sizeof(id), "%s", container->id);
	if (row->used_bytes + row->available_bytes)
		snprintf(percent, sizeof(percent), "%u%%", inventory_used_percent(row));
	return table_add(table, texts);
}

static void add_json(struct json_writer *w, const struct inventory *row)
{
	const struct engine_container *container = row->container;

	json_write_object(w, NULL);
	json_write_string(w, "engine", container->engine);
	json_write_string(w, "namespace", container->namespace);
	json_write_string(w, "name", container->name);
	json_write_string(w, "id", container->id);
	json_write_string(w, "image", container->image);
	json_write_bool(w, "running", container->pid != 0);
	json_write_u64(w, "pid", (uint64_t)container->pid);
	json_write_string(w, "device", row->device);
	json_write_u64(w, "device_bytes", row->device_bytes);
	json_write_string(w, "filesystem", row->filesystem);
	json_write_u64(w, "filesystem_bytes", row->filesystem_bytes);
	json_write_u64(w, "used_bytes", row->used_bytes);
	json_write_u64(w, "available_bytes", row->available_bytes);
	json_write_u64(w, "used_percent", inventory_used_percent(row));
	json_write_u64(w, "requested_bytes", row->requested_bytes);
	json_write_u64(w, "engine_bytes", container->remembered);
	json_write_close(w);
}

/* All of them: to the table, or as JSON to the writer. */
static int collect(const struct engine_list *list, const struct policy *policy, struct table *table,
		   struct json_writer *w)
{
	for (size_t i = 0; i < list->n; i++) {
		struct inventory row;
		int r = 0;

		if (!inventory_look(&list->containers[i], policy, &row))
			continue;
		if (w)
			add_json(w, &row);
		else
			r = add_text(table, &row);
		inventory_free(&row);
		if (r < 0)
			return r;
	}
	return 0;
}

static int show_text(const struct engine_list *list, const struct policy *policy, bool watch)
{
	/* In all, with the blanks between: 100 columns */
	static const struct table_column columns[] = {
		{"ENGINE", 10, false}, {"NAME", 19, false}, {"ID", 12, false},
		{"DEVICE", 16, false}, {"SIZE", 5, true},   {"FS", 5, true},
		{"USED", 4, true},     {"ASKED", 5, true},  {"ENGINE'S", 8, true},
		{"STATE", 7, false},
	};
	struct table table = {.columns = columns, .n_columns = COUNT(columns)};
	int r = collect(list, policy, &table, NULL);

	if (r == 0 && watch && terminal_moves(stdout))
		fputs("\x1b[H\x1b[J", stdout);
	if (r == 0)
		r = table_print(&table, terminal_has_colours(stdout), stdout);
	table_free(&table);
	return r;
}

static int show_json(const struct engine_list *list, const struct policy *policy)
{
	struct json_writer *w = json_writer_begin();

	json_write_array(w, "containers");
	collect(list, policy, NULL, w);
	json_write_array_close(w);
	return json_writer_end(w, stdout);
}

static bool means(const struct engine_list *list, const char *text,
		  const struct engine_container *container)
{
	const struct engine_container *found;
	struct why unused;

	return *text && *text != '-' && quote_is_printable(text) &&
	       engine_list_find(list, text, &found, &unused) == 0 && found == container;
}

static char *qualified(const char *namespace, const char *name)
{
	return namespace && name ? text_new("%s/%s", namespace, name) : NULL;
}

/* What engine_list_find() takes for this container and no other, to be freed; NULL: it cannot be
 * typed. */
static char *name_to_type(const struct engine_list *list, const struct engine_container *container)
{
	_cleanup_free_ char *longer = qualified(container->namespace, container->name);
	_cleanup_free_ char *by_id = qualified(container->namespace, container->id);
	const char *const texts[] = {container->name, longer, container->id, by_id};

	for (size_t i = 0; i < COUNT(texts); i++) {
		if (texts[i] && means(list, texts[i], container))
			return strdup(texts[i]);
	}
	return NULL;
}

/* For completion, hence cheap: engines' files are read, but no device is looked at. */
static int show_names(const struct engine_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct engine_container *container = &list->containers[i];
		_cleanup_free_ char *name = name_to_type(list, container);

		if (name)
			printf("%s\t%s\n", name, container->engine);
	}
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int show(const struct arguments *args)
{
	struct engine_list list;
	struct why why;
	int r = target_list(&args->target, &list, &why);

	if (r < 0) {
		log_stderr("list: %s", why.text);
		return EXIT_FAILED;
	}
	if (args->names)
		r = show_names(&list);
	else
		r = args->json ? show_json(&list, args->policy)
			       : show_text(&list, args->policy, args->watch);
	engine_list_free(&list);
	if (r < 0)
		log_stderr("list: standard output: %s", strerror(-r));
	return r < 0 ? EXIT_FAILED : EXIT_OK;
}

static int run(const struct arguments *args)
{
	int status;

	do
		status = show(args);
	while (status == EXIT_OK && args->watch &&
	       nanosleep(&(struct timespec){.tv_sec = WATCH_SECONDS}, NULL) == 0);
	return status;
}

const struct command command_list = {
	.name = "list",
	.arguments = "",
	.what = "containers on thin devices: sizes, use, what was asked for",
	.help = help,
	.options = {"json", "names", "watch", "data-root"},
	.needs_root = true,
	.policy = POLICY_SOUND,
	.run = run,
};
