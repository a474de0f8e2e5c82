/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/daemon.h"
#include "disk/lock.h"
#include "disk/thin.h"
#include "host/daemon-state.h"

#include <string.h>

#define EVERY_MS 5000

static enum daemon_disk_state state_of_watch(const struct watch *watch)
{
	if (watch->hung || watch->told_stuck)
		return DISK_FROZEN;
	if (watch->growing || watch->finish.pid)
		return DISK_GROWING;
	if (watch->told_limit && pace_need(&watch->pace) != PACE_NONE)
		return DISK_LIMITED;
	if (watch->backoff_ms)
		return DISK_REFUSED;
	return watch->owner.limits.max_bytes && watch->owner.bytes >= watch->owner.limits.max_bytes
		       ? DISK_AT_MAX
		       : DISK_WATCHING;
}

/* Nothing is copied: it is written at once. */
static struct daemon_disk disk_of_watch(struct watch *watch, uint64_t now_ms)
{
	return (struct daemon_disk){
		.device = watch->owner.device,
		.pool = watch->owner.pool,
		.container = watch->owner.label,
		.state = state_of_watch(watch),
		.size = watch->owner.bytes,
		.used = watch->pace.last.used_bytes,
		.available = watch->pace.last.available_bytes,
		.max = watch->owner.limits.max_bytes,
		.bytes_per_second = watch->pace.bytes_per_s,
		.grown_ms = watch->steps.at_ms,
		.n_grown = watch->steps.n,
		.remembered_ms = watch->remembered_ms,
		.steps =
			budget_spent(&watch->steps, autogrow_step_ms(&watch->owner.limits), now_ms),
		.backoff_ms = watch->backoff_ms,
		.backoff_until_ms = watch->backoff_until_ms,
	};
}

static struct daemon_disk disk_of_past(const struct past *past)
{
	return (struct daemon_disk){
		.device = past->device,
		.pool = past->pool,
		.state = DISK_LEFT,
		.grown_ms = past->steps.at_ms,
		.n_grown = past->steps.n,
		.remembered_ms = past->remembered_ms,
		.backoff_ms = past->backoff_ms,
		.backoff_until_ms = past->backoff_until_ms,
	};
}

static struct daemon_pool state_of_pool(struct pool *pool)
{
	const struct pool_sample *last = &pool->last;

	return (struct daemon_pool){
		.device = pool->last.name,
		.data_used = last->data_used_blocks * last->block_bytes,
		.data_size = last->data_blocks * last->block_bytes,
		.metadata_used = last->metadata_used_blocks * THIN_METADATA_BLOCK_BYTES,
		.metadata_size = last->metadata_blocks * THIN_METADATA_BLOCK_BYTES,
		.bytes_per_second = pool->bytes_per_s > 0 ? (uint64_t)pool->bytes_per_s : 0,
	};
}

static void add_disks(struct watch_table *table, struct daemon_state *state, uint64_t now_ms)
{
	for (size_t i = 0; i < table->n; i++) {
		if (table->watches[i]->state == WATCH_KNOWN)
			state->disks[state->n_disks++] = disk_of_watch(table->watches[i], now_ms);
	}
	for (size_t i = 0; i < table->history.n; i++)
		state->disks[state->n_disks++] = disk_of_past(&table->history.pasts[i]);
	for (size_t i = 0; i < table->n_pools; i++) {
		if (*table->pools[i]->last.name)
			state->pools[state->n_pools++] = state_of_pool(table->pools[i]);
	}
}

/* Of writing it: once, until it can be written again. */
static void report(struct daemon *daemon, int r)
{
	struct log_line line;

	if (r < 0 && !daemon->told_status) {
		log_begin(&line, "warn");
		log_add(&line, "source", "growd");
		log_add(&line, "reason",
			text("%s/" DAEMON_STATE ": %s: list and metrics do not show what the "
			     "daemon does, and a restart forgets budgets",
			     daemon->run_dir, strerror(-r)));
		log_end(&line, LOG_WARNING);
	}
	daemon->told_status = r < 0;
}

void status_write(struct daemon *daemon, uint64_t now_ms)
{
	struct watch_table *table = &daemon->table;
	_cleanup_free_ struct daemon_disk *disks = NULL;
	_cleanup_free_ struct daemon_pool *pools = NULL;
	struct daemon_state state = {
		.pid = (uint64_t)getpid(), .at_ms = now_ms, .nri = nri_engine(&daemon->nri)};

	daemon->status_at_ms = now_ms + EVERY_MS;
	history_expire(&table->history, now_ms);
	disks = calloc(table->n + table->history.n + 1, sizeof(*disks));
	pools = calloc(table->n_pools + 1, sizeof(*pools));
	if (!disks || !pools)
		return;
	state.disks = disks;
	state.pools = pools;
	memcpy(state.counts, daemon->counts, sizeof(state.counts));
	add_disks(table, &state, now_ms);
	report(daemon, daemon_state_write(daemon->run_dir, &state));
}

void status_read(struct daemon *daemon, uint64_t now_ms)
{
	struct daemon_state state = {0};
	struct why unused;

	if (daemon_state_read(daemon->run_dir, &state, &unused) <= 0)
		return;
	memcpy(daemon->counts, state.counts, sizeof(state.counts));
	for (size_t i = 0; i < state.n_disks; i++) {
		struct daemon_disk *disk = &state.disks[i];
		struct past past = {
			.device = disk->device,
			.pool = disk->pool,
			.steps = {disk->grown_ms, disk->n_grown},
			.remembered_ms = disk->remembered_ms,
			.backoff_ms = disk->backoff_ms,
			.backoff_until_ms = disk->backoff_until_ms,
		};

		disk->grown_ms = NULL;
		history_keep(&daemon->table.history, &past, now_ms);
	}
	daemon_state_free(&state);
}
