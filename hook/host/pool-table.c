/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pool-table.h"

#include "base/ratio.h"
#include "base/size.h"
#include "base/table.h"
#include "base/text.h"
#include "job/trim-tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static unsigned int data_percent(const struct survey_pool *pool)
{
	return percent_up(pool->status.data_used_blocks, pool->status.data_blocks);
}

static unsigned int metadata_percent(const struct survey_pool *pool)
{
	return percent_up(pool->status.metadata_used_blocks, pool->status.metadata_blocks);
}

static int by_use(const void *a, const void *b)
{
	const struct survey_pool *left = a, *right = b;
	uint64_t left_use = permille(left->status.data_used_blocks, left->status.data_blocks);
	uint64_t right_use = permille(right->status.data_used_blocks, right->status.data_blocks);

	if (left_use != right_use)
		return left_use < right_use ? 1 : -1;
	return strcmp(left->status.name, right->status.name);
}

static void sort(struct survey *survey)
{
	if (survey->n_pools)
		qsort(survey->pools, survey->n_pools, sizeof(*survey->pools), by_use);
}

/* --- as a table ------------------------------------------------------------------------------ */

enum {
	POOL,
	SIZE,
	USE,
	METADATA,
	VIRTUAL,
	CONTAINERS,
	EXTENDED_BY,
	FULL_IN,
	STATE,
	COLUMNS
}; /* STATE is the last */

static const struct table_column columns[COLUMNS] = {
	[POOL] = {.title = "POOL", .shrinks = true},
	[SIZE] = {.title = "SIZE", .right = true},
	[USE] = {.title = "USE%", .right = true},
	[METADATA] = {.title = "META%", .right = true},
	[VIRTUAL] = {.title = "VIRTUAL", .right = true},
	[CONTAINERS] = {.title = "CONTAINERS", .right = true},
	[EXTENDED_BY] = {.title = "EXTENDED BY"},
	[FULL_IN] = {.title = "FULL IN", .right = true},
	[STATE] = {.title = "STATE"},
};

static struct table_cell percent_cell(unsigned int value, struct text *buffer)
{
	return (struct table_cell){text_into(buffer, "%u%%", value), style_of_use(value)};
}

/* "250G 2.5x": the sum, and as a multiple of the pool. */
static struct table_cell virtual_cell(const struct survey_pool *pool, struct text *buffer)
{
	uint64_t bytes = thin_pool_data_bytes(&pool->status), tenths;

	if (!bytes || !pool->virtual_bytes)
		return (struct table_cell){NULL, STYLE_PLAIN};
	tenths = (uint64_t)((unsigned __int128)pool->virtual_bytes * 10 / bytes);
	return (struct table_cell){text_into(buffer, "%s %" PRIu64 ".%" PRIu64 "x",
					     size_short(pool->virtual_bytes), tenths / 10,
					     tenths % 10),
				   STYLE_PLAIN};
}

static struct table_cell extender_cell(const struct pool_extender *extender, struct text *buffer)
{
	if (extender->by == EXTENDER_DMEVENTD)
		return (struct table_cell){text_into(buffer, "dmeventd %lu%%", extender->percent),
					   STYLE_PLAIN};
	return (struct table_cell){extender_name(extender->by), STYLE_PLAIN};
}

static struct table_cell full_cell(const struct survey_pool *pool, struct text *buffer)
{
	const struct forecast *forecast = &pool->forecast;

	if (!forecast->fills)
		return (struct table_cell){NULL, STYLE_PLAIN};
	return (struct table_cell){forecast_into(buffer, forecast->seconds),
				   forecast_is_bad(forecast, pool->extender.by) ? STYLE_WARN
										: STYLE_PLAIN};
}

/* In one short word, for a line of eighty columns. */
static struct table_cell state_cell(const struct thin_pool *pool)
{
	const char *trouble = pool->trouble;

	if (!trouble)
		return (struct table_cell){"ok", STYLE_PLAIN};
	if (!pool->failed && pool->needs_check)
		trouble = "needs_check";
	else if (!pool->failed && pool->out_of_data_space)
		trouble = "no space";
	return (struct table_cell){trouble, STYLE_BAD};
}

static int add_row(struct table *table, const struct survey_pool *pool)
{
	struct text use, metadata, virtual, containers, extender, full;
	const struct table_cell cells[COLUMNS] = {
		[POOL] = {pool->status.name, STYLE_PLAIN},
		[SIZE] = {size_short(thin_pool_data_bytes(&pool->status)), STYLE_PLAIN},
		[USE] = percent_cell(data_percent(pool), &use),
		[METADATA] = percent_cell(metadata_percent(pool), &metadata),
		[VIRTUAL] = virtual_cell(pool, &virtual),
		[CONTAINERS] = {text_into(&containers, "%" PRIu64, pool->containers), STYLE_PLAIN},
		[EXTENDED_BY] = extender_cell(&pool->extender, &extender),
		[FULL_IN] = full_cell(pool, &full),
		[STATE] = state_cell(&pool->status),
	};

	return table_add(table, cells);
}

/* Only then there is a column for it: eighty columns are few. */
static bool has_trouble(const struct survey *survey)
{
	for (size_t i = 0; i < survey->n_pools; i++) {
		if (survey->pools[i].status.trouble)
			return true;
	}
	return false;
}

int pool_table_print(struct survey *survey, size_t width, bool colours, FILE *out)
{
	struct table table = {.columns = columns, .n_columns = STATE + has_trouble(survey)};
	int r = 0;

	sort(survey);
	for (size_t i = 0; r == 0 && i < survey->n_pools; i++)
		r = add_row(&table, &survey->pools[i]);
	if (r == 0)
		r = table_print(&table, width, colours, out);
	table_free(&table);
	return r;
}

/* --- as JSON --------------------------------------------------------------------------------- */

static void json_extender(const struct pool_extender *extender, struct json_writer *w)
{
	bool is_extended = extender->by != EXTENDER_NOBODY;

	json_write_string(w, "extended_by", is_extended ? extender_name(extender->by) : NULL);
	json_write_known_u64(w, "extended_at_percent", extender->percent);
	json_write_string(w, "extended_by_file",
			  extender->by == EXTENDER_DMEVENTD ? extender->lvm.source : NULL);
	json_write_string(w, "not_extended_because", extender->reason);
}

void pool_use_json(const struct thin_pool *pool, struct json_writer *w)
{
	json_write_string(w, "name", pool->name);
	json_write_u64(w, "data_bytes", thin_pool_data_bytes(pool));
	json_write_u64(w, "data_used_bytes", thin_pool_data_used_bytes(pool));
	json_write_u64(w, "metadata_bytes", thin_pool_metadata_bytes(pool));
	json_write_u64(w, "metadata_used_bytes", thin_pool_metadata_used_bytes(pool));
}

static void json_pool(const struct survey_pool *pool, struct json_writer *w)
{
	json_write_object(w, NULL);
	pool_use_json(&pool->status, w);
	json_write_u64(w, "virtual_bytes", pool->virtual_bytes);
	json_write_u64(w, "active_devices", pool->active);
	json_write_u64(w, "running_containers", pool->containers);
	json_write_string(w, "trouble", pool->status.trouble);
	json_write_string(w, "discards", trim_pool_discards(&pool->status));
	json_extender(&pool->extender, w);
	json_write_u64_if(w, "bytes_per_second", pool->forecast.known,
			  pool->forecast.bytes_per_second);
	json_write_u64_if(w, "full_in_seconds", pool->forecast.fills, pool->forecast.seconds);
	json_write_close(w);
}

int pool_table_json(struct survey *survey, FILE *out)
{
	struct json_writer *w = json_writer_begin();

	sort(survey);
	json_write_array(w, "pools");
	for (size_t i = 0; i < survey->n_pools; i++)
		json_pool(&survey->pools[i], w);
	json_write_array_close(w);
	return json_writer_end(w, out);
}
