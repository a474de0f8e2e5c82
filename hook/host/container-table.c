/* SPDX-License-Identifier: Apache-2.0 */
#include "host/container-table.h"

#include "base/count.h"
#include "base/size.h"
#include "base/table.h"
#include "base/text.h"
#include "host/ceiling-text.h"
#include "host/outlook-text.h"

#include <string.h>

#define SHORT_ID 12

/* --- in which order -------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct engine_container *left =
		((const struct container_row *)a)->outlook.disk.container;
	const struct engine_container *right =
		((const struct container_row *)b)->outlook.disk.container;

	return (left > right) - (left < right); /* as in struct engine_list */
}

static int by_size(const void *a, const void *b)
{
	uint64_t left = ((const struct container_row *)a)->outlook.size_bytes;
	uint64_t right = ((const struct container_row *)b)->outlook.size_bytes;

	return left == right ? by_name(a, b) : left < right ? 1 : -1;
}

/* Of those that are not mounted, whose use is unknown, those that will not start come first. */
static int by_use(const void *a, const void *b)
{
	const struct outlook *left = &((const struct container_row *)a)->outlook;
	const struct outlook *right = &((const struct container_row *)b)->outlook;
	unsigned int left_percent = inventory_used_percent(&left->disk);
	unsigned int right_percent = inventory_used_percent(&right->disk);

	if (left_percent != right_percent)
		return left_percent < right_percent ? 1 : -1;
	if ((left->next == NEXT_FAILS) != (right->next == NEXT_FAILS))
		return left->next == NEXT_FAILS ? -1 : 1;
	return by_name(a, b);
}

container_order *container_order_named(const char *name)
{
	static const struct {
		const char *name;
		container_order *order;
	} orders[] = {{"use", by_use}, {"name", by_name}, {"size", by_size}};

	for (size_t i = 0; i < COUNT(orders); i++) {
		if (strcmp(orders[i].name, name ? name : "use") == 0)
			return orders[i].order;
	}
	return NULL;
}

/* --- as a table ------------------------------------------------------------------------------ */

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

/* A full disk has "0"; "-" is for what is not known. */
static const char *available(const struct inventory *disk, struct text *buffer)
{
	if (!disk->filesystem)
		return NULL;
	return text_into(buffer, "%s",
			 disk->available_bytes ? size_short(disk->available_bytes) : "0");
}

static struct table_cell use_cell(const struct inventory *disk, struct text *buffer)
{
	unsigned int percent = inventory_used_percent(disk);

	if (disk->used_bytes + disk->available_bytes == 0)
		return (struct table_cell){NULL, STYLE_PLAIN};
	return (struct table_cell){text_into(buffer, "%u%%", percent), style_of_use(percent)};
}

static struct table_cell next_cell(const struct outlook *outlook, struct text *buffer)
{
	switch (outlook->next) {
	case NEXT_FAILS:
		return (struct table_cell){"WON'T START", STYLE_BAD};
	case NEXT_NEW_DISK:
		return (struct table_cell){"new disk", STYLE_PLAIN};
	case NEXT_STARTS:
		break;
	}
	return (struct table_cell){text_into(buffer, "%s", size_short(outlook->next_bytes)),
				   STYLE_PLAIN};
}

/* "growing, 64 of 1,024 GiB"; it goes on only while the device is mounted. */
static struct table_cell growing_cell(const struct outlook *outlook, struct text *buffer)
{
	bool mounted = outlook->disk.filesystem;

	return (struct table_cell){text_into(buffer, "%s, %s", mounted ? "growing" : "stopped",
					     outlook_progress(outlook)),
				   mounted ? STYLE_PLAIN : STYLE_DIM};
}

static struct table_cell state_cell(const struct outlook *outlook, struct text *buffer)
{
	bool runs = outlook->disk.container->pid;

	if (outlook_grows_later(outlook))
		return growing_cell(outlook, buffer);
	if (outlook_is_unfinished(outlook))
		return (struct table_cell){"unfinished", STYLE_WARN};
	if (outlook->in_vm)
		return (struct table_cell){"in a VM", STYLE_PLAIN};
	return (struct table_cell){runs ? "running" : "stopped", runs ? STYLE_PLAIN : STYLE_DIM};
}

static int add_row(struct table *table, const struct container_row *row, bool wide)
{
	const struct outlook *outlook = &row->outlook;
	const struct inventory *disk = &outlook->disk;
	const struct engine_container *container = disk->container;
	struct table_cell cells[COLUMNS], shown[COLUMNS];
	struct text id, left, use, next, state;
	size_t n = 0;

	text_into(&id, "%.*s", SHORT_ID, container->id);
	cells[ENGINE].text = container->engine;
	cells[NAME].text = container->name ? container->name : id.s;
	cells[ID].text = id.s;
	cells[DEVICE].text = disk->device;
	cells[FS].text = disk->filesystem;
	cells[SIZE].text = size_short(outlook->size_bytes);
	cells[USED].text = size_short(disk->used_bytes);
	cells[AVAIL].text = available(disk, &left);
	cells[ASKED].text = size_short(disk->requested_bytes);
	cells[ENGINES].text = size_short(outlook->engine_bytes);
	cells[MAX].text = size_short(row->ceiling.verdict.limits.max_bytes);
	for (size_t i = 0; i < COLUMNS; i++)
		cells[i].style = STYLE_PLAIN;
	cells[USE] = use_cell(disk, &use);
	cells[NEXT] = next_cell(outlook, &next);
	cells[STATE] = state_cell(outlook, &state);
	for (int i = 0; i < COLUMNS; i++) {
		if (is_shown(i, wide))
			shown[n++] = cells[i];
	}
	return table_add(table, shown);
}

int container_table_print(const struct container_row *rows, size_t n, bool wide, size_t width,
			  bool colours, FILE *out)
{
	struct table_column shown[COLUMNS];
	struct table table = {.columns = shown};
	int r = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if (is_shown(i, wide))
			shown[table.n_columns++] = columns[i];
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_row(&table, &rows[i], wide);
	if (r == 0)
		r = table_print(&table, width, colours, out);
	table_free(&table);
	return r;
}

/* --- as JSON --------------------------------------------------------------------------------- */

void container_row_json(const struct container_row *row, const struct policy *policy,
			const char *held, struct json_writer *w)
{
	const struct outlook *outlook = &row->outlook;
	const struct engine_container *container = outlook->disk.container;
	const struct ceiling_view view = {&row->ceiling, policy, outlook, &row->pool, held};

	json_write_object(w, NULL);
	json_write_string(w, "engine", container->engine);
	json_write_string(w, "namespace", container->namespace);
	json_write_string(w, "name", container->name);
	json_write_string(w, "id", container->id);
	json_write_string(w, "image", container->image);
	json_write_bool(w, "running", container->pid != 0);
	json_write_known_u64(w, "pid", (uint64_t)container->pid);
	outlook_json(outlook, w);
	ceiling_json(&view, w);
	json_write_close(w);
}
