/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/minmax.h"
#include "base/text.h"
#include "daemon/daemon.h"

#include <string.h>
#include <sys/sysmacros.h>

#define TOGETHER_MS 250 /* what is due so soon is asked for at once, too */
#define ERROR_MS    5000
#define POOL_MS	    10000
#define AVERAGE_MS  300000

/* --- asking ---------------------------------------------------------------------------------- */

static bool is_sampled(const struct watch *watch)
{
	return watch->state != WATCH_OTHER && !watch->hung && !watch->asked;
}

uint64_t samples_due(const struct daemon *daemon)
{
	const struct watch_table *table = &daemon->table;
	uint64_t due = DAEMON_NEVER;

	if (daemon->sampler.busy)
		return daemon->sampler.since_ms + SAMPLER_PATIENCE_MS;
	for (size_t i = 0; i < table->n; i++) {
		if (is_sampled(table->watches[i]))
			due = smaller(due, table->watches[i]->sample_at_ms);
	}
	for (size_t i = 0; i < table->n_pools; i++) {
		if (!table->pools[i]->hung)
			due = smaller(due, table->pools[i]->sample_at_ms);
	}
	return due;
}

static bool ask_filesystem(struct daemon *daemon, struct watch *watch)
{
	const struct mount_point *mount = &watch->mount;
	struct question *question;

	if (strlen(mount->path) >= SAMPLER_PATH_BYTES) {
		watch->state = WATCH_OTHER;
		return true;
	}
	question = sampler_add(&daemon->sampler);
	if (!question)
		return false;
	question->dev = mount->dev;
	question->hides_device = mount->hides_device;
	question->has_inodes = mount->has_inodes;
	snprintf(question->path, sizeof(question->path), "%s", mount->path);
	watch->asked = true;
	return true;
}

static bool ask_pool(struct daemon *daemon, struct pool *pool)
{
	struct question *question = sampler_add(&daemon->sampler);

	if (!question)
		return false;
	question->is_pool = true;
	question->dev = pool->dev;
	return true;
}

static void ask_all(struct daemon *daemon, uint64_t until_ms)
{
	const struct watch_table *table = &daemon->table;

	for (size_t i = 0; i < table->n; i++) {
		struct watch *watch = table->watches[i];

		if (is_sampled(watch) && watch->sample_at_ms <= until_ms &&
		    !ask_filesystem(daemon, watch))
			return;
	}
	for (size_t i = 0; i < table->n_pools; i++) {
		struct pool *pool = table->pools[i];

		if (!pool->hung && pool->sample_at_ms <= until_ms && !ask_pool(daemon, pool))
			return;
	}
}

/* --- answers --------------------------------------------------------------------------------- */

static void take_filesystem(struct daemon *daemon, struct watch *watch,
			    const struct question *question, uint64_t now_ms)
{
	enum pace_result result = PACE_IGNORED;

	if (question->error == 0)
		result =
			pace_take(&watch->pace, &question->sample, watch->owner.limits.at_permille);
	if (result == PACE_IGNORED) {
		watch->sample_at_ms = now_ms + ERROR_MS;
		return;
	}
	if (result == PACE_RESIZED && watch->state == WATCH_KNOWN)
		watch_ask_size(watch, now_ms);
	watch->sample_at_ms = growths_consider(daemon, watch, now_ms);
}

/* Room for what was refused? */
static bool has_more_room(const struct pool_sample *before, const struct pool_sample *now)
{
	return now->data_blocks != before->data_blocks ||
	       now->metadata_blocks != before->metadata_blocks ||
	       now->data_used_blocks + now->data_blocks / 100 < before->data_used_blocks;
}

/* The average of the last minutes. */
static int64_t pool_rate(const struct pool *pool, const struct pool_sample *now, uint64_t now_ms)
{
	int64_t blocks = (int64_t)(now->data_used_blocks - pool->last.data_used_blocks);
	int64_t ms = (int64_t)(now_ms - pool->last_ms);
	int64_t rate = ms ? blocks * (int64_t)now->block_bytes / ms * 1000 : pool->bytes_per_s;

	/* The longer ago the last sample was, the less weight the average before it has. */
	ms = ms < AVERAGE_MS ? ms : AVERAGE_MS;
	return pool->bytes_per_s + (rate - pool->bytes_per_s) * ms / AVERAGE_MS;
}

static void take_pool(struct daemon *daemon, struct pool *pool, const struct question *question,
		      uint64_t now_ms)
{
	const struct pool_sample *before = &pool->last;

	pool->sample_at_ms = now_ms + POOL_MS;
	if (question->error < 0)
		return;
	if (before->data_blocks && has_more_room(before, &question->pool))
		watch_end_backoff(&daemon->table, pool->dev);
	if (before->data_blocks)
		pool->bytes_per_s = pool_rate(pool, &question->pool, now_ms);
	pool->last = question->pool;
	pool->last_ms = now_ms;
}

static void take_answer(struct daemon *daemon, const struct question *question, uint64_t now_ms)
{
	struct watch *watch;
	struct pool *pool;

	if (question->is_pool) {
		pool = watch_find_pool(&daemon->table, question->dev);
		if (pool)
			take_pool(daemon, pool, question, now_ms);
		return;
	}
	/* It may have been unmounted, and another mounted, since the question. */
	watch = watch_find(&daemon->table, question->dev);
	if (watch && watch->asked && strcmp(watch->mount.path, question->path) == 0)
		take_filesystem(daemon, watch, question, now_ms);
}

/* What was asked and not answered is asked again. */
static void end_round(struct daemon *daemon)
{
	sampler_clear(&daemon->sampler);
	for (size_t i = 0; i < daemon->table.n; i++)
		daemon->table.watches[i]->asked = false;
}

static void take_answers(struct daemon *daemon, uint64_t now_ms)
{
	size_t n, answered;
	const struct question *questions = sampler_answers(&daemon->sampler, &n, &answered);

	for (size_t i = 0; i < answered; i++)
		take_answer(daemon, &questions[i], now_ms);
}

/* --- the sampler ----------------------------------------------------------------------------- */

/* Its name is not known: only device-mapper could tell it. */
static void log_hang(const struct question *question)
{
	struct log_line line;

	log_begin(&line, "warn");
	log_add(&line, question->is_pool ? "pool" : "path",
		question->is_pool ? text("%u:%u", major(question->dev), minor(question->dev))
				  : question->path);
	log_add(&line, "reason",
		"looking at it waits in the kernel; it is not watched until that ends");
	log_end(&line, LOG_WARNING);
}

static void mark_hung(struct daemon *daemon, const struct question *question)
{
	struct watch *watch = NULL;
	struct pool *pool = NULL;

	log_hang(question);
	if (question->is_pool)
		pool = watch_find_pool(&daemon->table, question->dev);
	else
		watch = watch_find(&daemon->table, question->dev);
	if (watch)
		watch->hung = daemon->sampler.pid;
	if (pool)
		pool->hung = daemon->sampler.pid;
}

static void restart(struct daemon *daemon)
{
	end_round(daemon);
	sampler_stop(&daemon->sampler);
	sampler_start(&daemon->sampler);
}

/* Gives up on the filesystem that hangs, and goes on with the others. */
static void abandon(struct daemon *daemon, uint64_t now_ms)
{
	size_t n, answered;
	const struct question *questions = sampler_answers(&daemon->sampler, &n, &answered);

	take_answers(daemon, now_ms);
	if (answered < n)
		mark_hung(daemon, &questions[answered]);
	restart(daemon);
}

void samples_run(struct daemon *daemon, uint64_t now_ms)
{
	if (sampler_hangs(&daemon->sampler, now_ms))
		abandon(daemon, now_ms);
	if (daemon->sampler.busy)
		return;
	ask_all(daemon, now_ms + TOGETHER_MS);
	if (sampler_ask(&daemon->sampler, now_ms) < 0)
		restart(daemon);
}

void samples_arrived(struct daemon *daemon, uint64_t now_ms)
{
	if (sampler_finish(&daemon->sampler) < 0) {
		restart(daemon); /* it was killed */
		return;
	}
	take_answers(daemon, now_ms);
	end_round(daemon);
}
