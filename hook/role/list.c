/* SPDX-License-Identifier: Apache-2.0 */

/* `list`: containers on thin devices, the fullest first. */

#include "base/cleanup.h"
#include "base/count.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "base/text.h"
#include "disk/lock.h"
#include "disk/thin.h"
#include "host/container-table.h"
#include "host/pool-table.h"
#include "job/target.h"
#include "job/tell.h"
#include "oci/json.h"
#include "policy/policy.h"
#include "role/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WATCH_SECONDS 2

static const char help[] =
	"Usage: oci-thin-grow list [OPTIONS] [CONTAINER...]\n"
	"       oci-thin-grow list --pools [--json] [--watch]\n"
	"Shows the containers whose disk is a thin device, the fullest first: how large\n"
	"it is, how full, and how large it will be at the next start.\n\n"
	"  --sort KEY         by use (the default), name or size\n"
	"  --full PERCENT     only those that are at least this full\n"
	"  --wide             also id, device, filesystem, requested size, the size that\n"
	"                     the engine gives the device, and how far it grows by\n"
	"                     itself\n"
	"  --pools            the thin pools instead: size, use, sum of their devices'\n"
	"                     sizes, who extends them when they fill, and when they\n"
	"                     are full at the present rate (needs oci-thin-growd)\n"
	"  --json             one JSON object, sizes in bytes\n"
	"  --names            only names as other commands take them, a tab, and the\n"
	"                     engine; of all containers, on thin devices or not\n"
	"  --running          only running containers\n"
	"  --watch            again every two seconds\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n\n"
	"Examples:\n"
	"  oci-thin-grow list\n"
	"  oci-thin-grow list --full 90\n"
	"  oci-thin-grow list --pools\n"
	"  oci-thin-grow list --json | jq '.containers[] | select(.running) | .name'\n\n"
	"Exit status: 0 done, 1 failed, 2 usage, 4 a container that was named does not\n"
	"exist, or is not on a thin device.\n";

struct rows {
	struct container_row *all;
	size_t n;
	struct json_writer *json; /* in its array of containers; NULL: as a table */
};

/* --- which ----------------------------------------------------------------------------------- */

/* "90" or "90%". -1: neither. */
static int parse_percent(const char *text)
{
	char *end;
	long percent = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || percent > 100 || end[*end == '%'])
		return -1;
	return (int)percent;
}

static void free_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		outlook_free(&rows->all[i].outlook);
		thin_pool_free(&rows->all[i].pool);
	}
	free(rows->all);
}

/* Why a container that was named is not shown. */
static void tell_missing(const struct rows *rows, const char *name, const char *reason)
{
	log_stderr("list: %s", reason);
	tell_missing_json(name, reason, rows->json);
}

/* 0, or EXIT_NOT_APPLICABLE after a line on stderr; @name as it was typed, or NULL. */
static int look_at(const struct engine_container *container, const struct outlook_order *order,
		   const char *name, unsigned int least_percent, struct rows *rows)
{
	struct outlook *row = &rows->all[rows->n].outlook;
	_cleanup_free_ char *label = NULL;

	if (outlook_look(container, order, row)) {
		if (inventory_used_percent(&row->disk) >= least_percent)
			rows->n++;
		else
			outlook_free(row);
		return EXIT_OK;
	}
	outlook_free(row);
	if (!name)
		return EXIT_OK;
	label = engine_container_label(container);
	tell_missing(rows, name, text("%s is not on a thin device", label ? quote(label) : "it"));
	return EXIT_NOT_APPLICABLE;
}

/* All of @list, or those that are named. An exit status; what is found is shown in any case. */
static int look_at_all(const struct engine_list *list, const struct arguments *args,
		       const struct outlook_order *order, struct rows *rows)
{
	unsigned int least_percent = args->full ? (unsigned int)parse_percent(args->full) : 0;
	int status = EXIT_OK;

	for (size_t i = 0; !args->n_operands && i < list->n; i++) {
		if (list->containers[i].pid || !args->running)
			look_at(&list->containers[i], order, NULL, least_percent, rows);
	}
	for (char *const *name = args->operands; *name; name++) {
		const struct engine_container *found;
		struct why why;
		int r = engine_list_find(list, *name, &found, &why);

		if (r < 0)
			tell_missing(rows, *name, why.text);
		r = r < 0 ? target_exit_status(r)
			  : look_at(found, order, *name, least_percent, rows);
		if (status == EXIT_OK)
			status = r;
	}
	return status;
}

/* --- show them ------------------------------------------------------------------------------- */

/* Reads the container's files. */
static void look_at_ceilings(const struct rows *rows, const struct policy *policy)
{
	for (size_t i = 0; i < rows->n; i++) {
		struct container_row *row = &rows->all[i];

		ceiling_of_container(row->outlook.disk.container, policy, &row->ceiling);
	}
}

static void begin_screen(const struct arguments *args)
{
	if (args->watch && terminal_moves(stdout))
		fputs("\x1b[H\x1b[J", stdout);
}

static int show_text(const struct rows *rows, const struct arguments *args)
{
	if (args->wide)
		look_at_ceilings(rows, args->policy);
	begin_screen(args);
	if (rows->n)
		return container_table_print(rows->all, rows->n, args->wide,
					     args->wide ? 0 : terminal_columns(stdout),
					     terminal_has_colours(stdout), stdout);
	fflush(stdout);
	if (args->full)
		log_stderr("list: no container is %d %% full", parse_percent(args->full));
	else if (!args->n_operands)
		log_stderr("no containers on thin devices; does this host use overlay2? see "
			   "oci-thin-grow doctor");
	return 0;
}

static int show_json(const struct rows *rows, const struct policy *policy)
{
	struct why why;
	bool held = ceiling_is_held(policy, RUN_DIR, &why);

	look_at_ceilings(rows, policy);
	for (size_t i = 0; i < rows->n; i++) {
		struct container_row *row = &rows->all[i];

		inventory_pool(&row->outlook.disk, &row->pool);
		container_row_json(row, policy, held ? why.text : NULL, rows->json);
	}
	json_write_array_close(rows->json);
	return json_writer_end(rows->json, stdout);
}

/* --- only names ------------------------------------------------------------------------------ */

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

/* By which engine_list_find() finds this container, to be freed; NULL: nothing that can be typed.
 */
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

static void show_name(const struct engine_container *container, const char *name,
		      struct json_writer *json)
{
	if (!json) {
		printf("%s\t%s\n", name, container->engine);
		return;
	}
	json_write_object(json, NULL);
	json_write_string(json, "name", name);
	json_write_string(json, "engine", container->engine);
	json_write_bool(json, "running", container->pid != 0);
	json_write_close(json);
}

/* For completion, so it is cheap: engines' files are read, but no device is. */
static int show_names(const struct engine_list *list, const struct arguments *args)
{
	struct json_writer *json = args->json ? json_writer_begin() : NULL;

	json_write_array(json, "names");
	for (size_t i = 0; i < list->n; i++) {
		const struct engine_container *container = &list->containers[i];
		_cleanup_free_ char *name = name_to_type(list, container);

		if (name && (container->pid || !args->running))
			show_name(container, name, json);
	}
	json_write_array_close(json);
	if (args->json)
		return json_writer_end(json, stdout);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

/* --- pools ----------------------------------------------------------------------------------- */

static void write_complaint(const struct why *why)
{
	log_stderr("list: %s", why->text);
}

static int print_pools(struct survey *survey, const struct arguments *args)
{
	if (args->json)
		return pool_table_json(survey, stdout);
	begin_screen(args);
	if (survey->n_pools)
		return pool_table_print(survey, terminal_columns(stdout),
					terminal_has_colours(stdout), stdout);
	log_stderr("no thin pools on this host; see oci-thin-grow doctor");
	return 0;
}

/* An exit status, or -errno of writing. */
static int show_pools(const struct engine_list *list, const struct arguments *args)
{
	_cleanup_(survey_free) struct survey survey = {0};
	struct why why;

	if (survey_host(args->policy, write_complaint, &survey, &why) < 0)
		return tell_failure("list", args->json, EXIT_FAILED, why.text);
	survey_count(&survey, list, args->policy);
	return print_pools(&survey, args);
}

/* --- the command ----------------------------------------------------------------------------- */

/* An exit status, or -errno of writing. */
static int show_rows(const struct engine_list *list, const struct arguments *args)
{
	struct rows rows = {
		.all = calloc(list->n + (size_t)args->n_operands + 1, sizeof(*rows.all)),
	};
	struct healing host;
	const struct outlook_order order = outlook_order_host(args->policy, &host);
	int status, r;

	if (!rows.all)
		return -ENOMEM;
	rows.json = args->json ? json_writer_begin() : NULL;
	json_write_array(rows.json, "containers");
	status = look_at_all(list, args, &order, &rows);
	qsort(rows.all, rows.n, sizeof(*rows.all), container_order_named(args->sort));
	r = args->json ? show_json(&rows, args->policy) : show_text(&rows, args);
	free_rows(&rows);
	return r < 0 ? r : status;
}

static int show(const struct arguments *args)
{
	struct engine_list list;
	struct why why;
	int r = target_list(&args->target, &list, &why);

	if (r < 0)
		return tell_failure("list", args->json, EXIT_FAILED, why.text);
	if (args->pools)
		r = show_pools(&list, args);
	else
		r = args->names ? show_names(&list, args) : show_rows(&list, args);
	engine_list_free(&list);
	if (r < 0)
		log_stderr("list: standard output: %s", strerror(-r));
	return r < 0 ? EXIT_FAILED : r;
}

static int run_list(const struct arguments *args)
{
	int status;

	if (!container_order_named(args->sort))
		return tell_usage("list", args->json, "--sort takes use, name or size");
	if (args->full && parse_percent(args->full) < 0)
		return tell_usage("list", args->json, "--full takes a percentage from 0 to 100");
	if (args->running && args->n_operands)
		return tell_usage("list", args->json, "name containers, or use --running");
	if (args->pools && (args->n_operands || args->sort || args->full || args->wide ||
			    args->names || args->running))
		return tell_usage("list", args->json, "--pools goes with --json and --watch only");
	if (args->policy->broken)
		log_stderr("list: %s: using the built-in defaults", args->policy->broken);
	do
		status = show(args);
	while (status == EXIT_OK && args->watch &&
	       nanosleep(&(struct timespec){.tv_sec = WATCH_SECONDS}, NULL) == 0);
	return status;
}

const struct command command_list = {
	.name = "list",
	.arguments = "[CONTAINER...]",
	.what = "their disks: size, use, next start",
	.help = help,
	.options = {"sort", "full", "wide", "json", "names", "running", "pools", "watch",
		    "data-root"},
	.max_operands = ANY_NUMBER,
	.needs_root = true,
	.policy = POLICY_ANY,
	.run = run_list,
};
