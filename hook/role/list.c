/* SPDX-License-Identifier: Apache-2.0 */

/* `list`: containers on thin devices, the fullest first. */

#include "base/cleanup.h"
#include "base/count.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/table.h"
#include "base/terminal.h"
#include "base/text.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "disk/thin.h"
#include "host/ceiling-text.h"
#include "host/outlook-text.h"
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

#define SHORT_ID      12
#define WATCH_SECONDS 2
#define WARN_PERCENT  80 /* of use: yellow, red */
#define BAD_PERCENT   90

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
	struct outlook *all;
	size_t n;
	const struct policy *policy;
	struct json_writer *json; /* in its array of containers; NULL: as a table */
};

/* --- which, and in which order ---------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct engine_container *left = ((const struct outlook *)a)->disk.container;
	const struct engine_container *right = ((const struct outlook *)b)->disk.container;

	return (left > right) - (left < right); /* as in struct engine_list */
}

static int by_size(const void *a, const void *b)
{
	uint64_t left = ((const struct outlook *)a)->size_bytes;
	uint64_t right = ((const struct outlook *)b)->size_bytes;

	return left == right ? by_name(a, b) : left < right ? 1 : -1;
}

/* Of those that are not mounted, whose use is unknown, those that will not start come first. */
static int by_use(const void *a, const void *b)
{
	const struct outlook *left = a, *right = b;
	unsigned int left_percent = inventory_used_percent(&left->disk);
	unsigned int right_percent = inventory_used_percent(&right->disk);

	if (left_percent != right_percent)
		return left_percent < right_percent ? 1 : -1;
	if ((left->next == NEXT_FAILS) != (right->next == NEXT_FAILS))
		return left->next == NEXT_FAILS ? -1 : 1;
	return by_name(a, b);
}

typedef int compare_rows(const void *a, const void *b);

/* NULL: there is no such order. */
static compare_rows *order_named(const char *name)
{
	static const struct {
		const char *name;
		compare_rows *compare;
	} orders[] = {{"use", by_use}, {"name", by_name}, {"size", by_size}};

	for (size_t i = 0; i < COUNT(orders); i++) {
		if (strcmp(orders[i].name, name ? name : "use") == 0)
			return orders[i].compare;
	}
	return NULL;
}

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
	for (size_t i = 0; i < rows->n; i++)
		outlook_free(&rows->all[i]);
	free(rows->all);
}

/* Why a container that was named is not shown. */
static void tell_missing(const struct rows *rows, const char *name, const char *reason)
{
	log_stderr("list: %s", reason);
	if (rows->json)
		tell_missing_json(name, reason, rows->json);
}

/* 0, or EXIT_NOT_APPLICABLE after a line on stderr; @name as it was typed, or NULL. */
static int look_at(const struct engine_container *container, const struct outlook_order *order,
		   const char *name, unsigned int least_percent, struct rows *rows)
{
	struct outlook *row = &rows->all[rows->n];
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

/* --- as a table ------------------------------------------------------------------------------- */

enum {
	ENGINE,
	NAME,
	ID,
	DEVICE,
	FS,
	SIZE,
	USED,
	AVAIL,
	USE,
	ASKED,
	ENGINES,
	MAX,
	NEXT,
	STATE,
	COLUMNS
};

static const struct table_column columns[COLUMNS] = {
	[ENGINE] = {.title = "ENGINE"},
	[NAME] = {.title = "NAME", .shrinks = true},
	[ID] = {.title = "ID"},
	[DEVICE] = {.title = "DEVICE"},
	[FS] = {.title = "FS"},
	[SIZE] = {.title = "SIZE", .right = true},
	[USED] = {.title = "USED", .right = true},
	[AVAIL] = {.title = "AVAIL", .right = true},
	[USE] = {.title = "USE%", .right = true},
	[ASKED] = {.title = "ASKED", .right = true},
	[ENGINES] = {.title = "ENGINE'S", .right = true},
	[MAX] = {.title = "MAX", .right = true},
	[NEXT] = {.title = "NEXT START", .right = true},
	[STATE] = {.title = "STATE"},
};

static bool is_shown(int column, bool wide)
{
	return wide || !(column == ID || column == DEVICE || column == FS || column == ASKED ||
			 column == ENGINES || column == MAX);
}

static struct table_cell use_cell(const struct inventory *disk, struct text *buffer)
{
	unsigned int percent = inventory_used_percent(disk);

	if (disk->used_bytes + disk->available_bytes == 0)
		return (struct table_cell){NULL, STYLE_PLAIN};
	return (struct table_cell){text_into(buffer, "%u%%", percent),
				   percent >= BAD_PERCENT    ? STYLE_BAD
				   : percent >= WARN_PERCENT ? STYLE_WARN
							     : STYLE_PLAIN};
}

static struct table_cell next_cell(const struct outlook *row, struct text *buffer)
{
	switch (row->next) {
	case NEXT_FAILS:
		return (struct table_cell){"WON'T START", STYLE_BAD};
	case NEXT_NEW_DISK:
		return (struct table_cell){"new disk", STYLE_PLAIN};
	case NEXT_STARTS:
		break;
	}
	return (struct table_cell){text_into(buffer, "%s", size_short(row->next_bytes)),
				   STYLE_PLAIN};
}

/* "growing, 64 of 1,024 GiB"; it goes on only while the device is mounted. */
static struct table_cell growing_cell(const struct outlook *row, struct text *buffer)
{
	bool mounted = row->disk.filesystem;

	return (struct table_cell){
		text_into(buffer, "%s, %s", mounted ? "growing" : "stopped", outlook_progress(row)),
		mounted ? STYLE_PLAIN : STYLE_DIM};
}

static struct table_cell state_cell(const struct outlook *row, struct text *buffer)
{
	bool runs = row->disk.container->pid;

	if (outlook_grows_later(row))
		return growing_cell(row, buffer);
	if (outlook_is_unfinished(row))
		return (struct table_cell){"unfinished", STYLE_WARN};
	if (row->in_vm)
		return (struct table_cell){"in a VM", STYLE_PLAIN};
	return (struct table_cell){runs ? "running" : "stopped", runs ? STYLE_PLAIN : STYLE_DIM};
}

/* Only with --wide: it reads the container's files. */
static uint64_t max_bytes(const struct outlook *row, const struct policy *policy)
{
	struct ceiling ceiling;

	ceiling_of_container(row->disk.container, policy, &ceiling);
	return ceiling.verdict.limits.max_bytes;
}

static int add_row(struct table *table, const struct outlook *row, const struct policy *policy,
		   bool wide)
{
	const struct inventory *disk = &row->disk;
	const struct engine_container *container = disk->container;
	struct table_cell cells[COLUMNS], shown[COLUMNS];
	struct text id, use, next, state;
	size_t n = 0;

	text_into(&id, "%.*s", SHORT_ID, container->id);
	cells[ENGINE].text = container->engine;
	cells[NAME].text = container->name ? container->name : id.s;
	cells[ID].text = id.s;
	cells[DEVICE].text = disk->device;
	cells[FS].text = disk->filesystem;
	cells[SIZE].text = size_short(row->size_bytes);
	cells[USED].text = size_short(disk->used_bytes);
	cells[AVAIL].text = disk->filesystem ? size_short(disk->available_bytes) : NULL;
	cells[ASKED].text = size_short(disk->requested_bytes);
	cells[ENGINES].text = size_short(row->engine_bytes);
	cells[MAX].text = wide ? size_short(max_bytes(row, policy)) : NULL;
	for (size_t i = 0; i < COLUMNS; i++)
		cells[i].style = STYLE_PLAIN;
	cells[USE] = use_cell(disk, &use);
	cells[NEXT] = next_cell(row, &next);
	cells[STATE] = state_cell(row, &state);
	for (int i = 0; i < COLUMNS; i++) {
		if (is_shown(i, wide))
			shown[n++] = cells[i];
	}
	return table_add(table, shown);
}

static int print_table(const struct rows *rows, bool wide)
{
	struct table_column shown[COLUMNS];
	struct table table = {.columns = shown};
	int r = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (is_shown(i, wide))
			shown[table.n_columns++] = columns[i];
	}
	for (size_t i = 0; r == 0 && i < rows->n; i++)
		r = add_row(&table, &rows->all[i], rows->policy, wide);
	if (r == 0)
		r = table_print(&table, wide ? 0 : terminal_columns(stdout),
				terminal_has_colours(stdout), stdout);
	table_free(&table);
	return r;
}

static void begin_screen(const struct arguments *args)
{
	if (args->watch && terminal_moves(stdout))
		fputs("\x1b[H\x1b[J", stdout);
}

static int show_text(const struct rows *rows, const struct arguments *args)
{
	begin_screen(args);
	if (rows->n)
		return print_table(rows, args->wide);
	fflush(stdout);
	if (args->full)
		log_stderr("list: no container is %d %% full", parse_percent(args->full));
	else if (!args->n_operands)
		log_stderr("no containers on thin devices; does this host use overlay2? see "
			   "oci-thin-grow doctor");
	return 0;
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static void json_row(const struct outlook *row, const struct policy *policy, const char *held,
		     struct json_writer *w)
{
	const struct engine_container *container = row->disk.container;
	struct ceiling ceiling;

	json_write_object(w, NULL);
	json_write_string(w, "engine", container->engine);
	json_write_string(w, "namespace", container->namespace);
	json_write_string(w, "name", container->name);
	json_write_string(w, "id", container->id);
	json_write_string(w, "image", container->image);
	json_write_bool(w, "running", container->pid != 0);
	json_write_known_u64(w, "pid", (uint64_t)container->pid);
	outlook_json(row, w);
	ceiling_of_container(container, policy, &ceiling);
	ceiling_json(&(struct ceiling_view){&ceiling, policy, row, NULL, held}, w);
	json_write_close(w);
}

static int show_json(const struct rows *rows)
{
	struct why why;
	bool held = ceiling_is_held(rows->policy, RUN_DIR, &why);

	for (size_t i = 0; i < rows->n; i++)
		json_row(&rows->all[i], rows->policy, held ? why.text : NULL, rows->json);
	json_write_array_close(rows->json);
	return json_writer_end(rows->json, stdout);
}

/* --- only names ------------------------------------------------------------------------------- */

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

	if (json)
		json_write_array(json, "names");
	for (size_t i = 0; i < list->n; i++) {
		const struct engine_container *container = &list->containers[i];
		_cleanup_free_ char *name = name_to_type(list, container);

		if (name && (container->pid || !args->running))
			show_name(container, name, json);
	}
	if (json)
		json_write_array_close(json);
	if (args->json)
		return json_writer_end(json, stdout);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

/* --- pools ------------------------------------------------------------------------------------ */

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
	struct healing healing;
	const struct survey_order order = {
		.policy = args->policy,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
		.healing = &healing,
		.places = &extender_host,
		.complain = write_complaint,
	};
	struct why why;

	healing_host(&healing);
	if (survey_take(&order, &survey, &why) < 0)
		return tell_failure("list", args->json, EXIT_FAILED, why.text);
	survey_count(&survey, list, args->policy);
	return print_pools(&survey, args);
}

/* --- the command ------------------------------------------------------------------------------ */

/* An exit status, or -errno of writing. */
static int show_rows(const struct engine_list *list, const struct arguments *args)
{
	struct rows rows = {
		.all = calloc(list->n + (size_t)args->n_operands + 1, sizeof(*rows.all)),
		.policy = args->policy,
	};
	struct healing host;
	const struct outlook_order order = {
		.policy = args->policy,
		.host = &host,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
	};
	int status, r;

	if (!rows.all)
		return -ENOMEM;
	healing_host(&host);
	if (args->json) {
		rows.json = json_writer_begin();
		json_write_array(rows.json, "containers");
	}
	status = look_at_all(list, args, &order, &rows);
	qsort(rows.all, rows.n, sizeof(*rows.all), order_named(args->sort));
	r = rows.json ? show_json(&rows) : show_text(&rows, args);
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

	if (!order_named(args->sort))
		return tell_usage("list", args->json, "--sort takes use, name or size");
	if (args->full && parse_percent(args->full) < 0)
		return tell_usage("list", args->json, "--full takes a percentage from 0 to 100");
	if (args->running && args->n_operands)
		return tell_usage("list", args->json, "name containers, or use --running");
	if (args->pools && (args->n_operands || args->sort || args->full || args->wide ||
			    args->names || args->running))
		return tell_usage("list", args->json, "--pools goes with --json and --watch only");
	if (args->pools && geteuid() != 0)
		return tell_failure("list", args->json, EXIT_FAILED,
				    "must be root: sudo oci-thin-grow list --pools");
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
	.policy = POLICY_ANY,
	.run = run_list,
};
