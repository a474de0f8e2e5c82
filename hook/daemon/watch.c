/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct watch *watch_find(const struct watch_table *table, dev_t dev)
{
	for (size_t i = 0; i < table->n; i++) {
		if (table->watches[i]->mount.dev == dev)
			return table->watches[i];
	}
	return NULL;
}

void watch_ask_size(struct watch *watch, uint64_t now_ms)
{
	if (!watch->look_at_ms)
		watch->look_at_size = true;
	watch->look_at_ms = now_ms;
}

static void free_watch(struct watch *watch)
{
	free(watch->mount.path);
	free(watch->mount.source);
	budget_free(&watch->steps);
	free(watch);
}

/*
 * Another path, or device of another name, means another container, even if the device has the
 * number of the last one.
 */
static bool is_mounted(const struct watch *watch, const struct mount_list *list)
{
	const struct mount_point *mount = mounts_find(list, watch->mount.dev);

	return mount && strcmp(mount->path, watch->mount.path) == 0 &&
	       strcmp(mount->source, watch->mount.source) == 0;
}

static void keep_past(struct watch_table *table, struct watch *watch, uint64_t now_ms)
{
	struct past past = {
		.device = watch->owner.device,
		.pool = watch->owner.pool,
		.steps = watch->steps,
		.remembered_ms = watch->remembered_ms,
		.backoff_ms = watch->backoff_ms,
		.backoff_until_ms = watch->backoff_until_ms,
	};

	watch->steps = (struct budget){0};
	history_keep(&table->history, &past, now_ms);
}

void watch_remember(struct watch_table *table, struct watch *watch)
{
	struct past past;

	if (history_take(&table->history, watch->owner.device, &past) <= 0)
		return;
	budget_free(&watch->steps);
	watch->steps = past.steps;
	watch->remembered_ms = past.remembered_ms;
	watch->backoff_ms = past.backoff_ms;
	watch->backoff_until_ms = past.backoff_until_ms;
}

static void remove_gone(struct watch_table *table, const struct mount_list *list, uint64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->n; i++) {
		if (is_mounted(table->watches[i], list)) {
			table->watches[kept++] = table->watches[i];
			continue;
		}
		keep_past(table, table->watches[i], now_ms);
		free_watch(table->watches[i]);
	}
	table->n = kept;
}

/* Takes over the texts of @mount. */
static int add_watch(struct watch_table *table, struct mount_point *mount, uint64_t now_ms)
{
	struct watch **more = realloc(table->watches, (table->n + 1) * sizeof(struct watch *));
	struct watch *watch;

	if (!more)
		return -ENOMEM;
	table->watches = more;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	watch->mount = *mount;
	mount->path = mount->source = NULL;
	watch->look_at_ms = watch->sample_at_ms = now_ms;
	table->watches[table->n++] = watch;
	return 0;
}

int watch_sync(struct watch_table *table, struct mount_list *list, uint64_t now_ms)
{
	remove_gone(table, list, now_ms);
	for (size_t i = 0; i < list->n; i++) {
		if (!watch_find(table, list->mounts[i].dev) &&
		    add_watch(table, &list->mounts[i], now_ms) < 0)
			return -ENOMEM;
	}
	return 0;
}

struct pool *watch_find_pool(const struct watch_table *table, dev_t dev)
{
	for (size_t i = 0; i < table->n_pools; i++) {
		if (table->pools[i]->dev == dev)
			return table->pools[i];
	}
	return NULL;
}

struct pool *watch_pool(struct watch_table *table, dev_t dev)
{
	struct pool *pool = watch_find_pool(table, dev), **more;

	if (pool)
		return pool;
	more = realloc(table->pools, (table->n_pools + 1) * sizeof(struct pool *));
	if (!more)
		return NULL;
	table->pools = more;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return NULL;
	pool->dev = dev;
	table->pools[table->n_pools++] = pool;
	return pool;
}

size_t watch_pool_spent(const struct watch_table *table, dev_t pool, uint64_t period_ms,
			uint64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		if (table->watches[i]->owner.pool == pool)
			n += budget_spent(&table->watches[i]->steps, period_ms, now_ms);
	}
	for (size_t i = 0; i < table->history.n; i++) {
		if (table->history.pasts[i].pool == pool)
			n += budget_spent(&table->history.pasts[i].steps, period_ms, now_ms);
	}
	return n;
}

static bool is_used(const struct watch_table *table, const struct pool *pool)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct watch *watch = table->watches[i];

		if (watch->state == WATCH_KNOWN && watch->owner.pool == pool->dev)
			return true;
	}
	return false;
}

void watch_drop_pools(struct watch_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->n_pools; i++) {
		if (is_used(table, table->pools[i]))
			table->pools[kept++] = table->pools[i];
		else
			free(table->pools[i]);
	}
	table->n_pools = kept;
}

static void end_backoff(struct watch *watch)
{
	watch->backoff_ms = watch->backoff_until_ms = 0;
	watch->finish.backoff_ms = 0;
	if (watch->finish.at_ms)
		watch->finish.at_ms = 1;
}

void watch_end_backoff(struct watch_table *table, dev_t pool)
{
	for (size_t i = 0; i < table->n; i++) {
		struct watch *watch = table->watches[i];

		if (!pool || watch->owner.pool == pool)
			end_backoff(watch);
	}
}

void watch_free(struct watch_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		free_watch(table->watches[i]);
	for (size_t i = 0; i < table->n_pools; i++)
		free(table->pools[i]);
	history_free(&table->history);
	free(table->watches);
	free(table->pools);
	*table = (struct watch_table){0};
}
