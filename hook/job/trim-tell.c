/* SPDX-License-Identifier: Apache-2.0 */
#include "job/trim-tell.h"

#include "base/exit.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *key, *words, *action;
	int priority;
} fates[TRIM_FATES] = {
	[TRIM_FATE_TRIMMED] = {"trimmed", "trimmed", "trim", LOG_INFO},
	[TRIM_FATE_SKIPPED] = {"skipped", "skipped", "skip", LOG_WARNING},
	[TRIM_FATE_PASSED_OVER] = {"passed_over", "not running or not on a thin device", "skip",
				   LOG_DEBUG},
	[TRIM_FATE_REFUSED] = {"refused", "refused", "refuse", LOG_ERR},
	[TRIM_FATE_FAILED] = {"failed", "failed", "fail", LOG_ERR},
	[TRIM_FATE_MISSING] = {"missing", "not found", "missing", LOG_DEBUG},
	[TRIM_FATE_LEFT] = {"left", "left undone", "left", LOG_WARNING},
};

enum trim_fate trim_fate(const struct trimming *trimming)
{
	if (trimming->left)
		return TRIM_FATE_LEFT;
	if (trimming->error)
		return trimming->error == -ESRCH ? TRIM_FATE_PASSED_OVER : TRIM_FATE_FAILED;
	switch (trimming->report.result) {
	case TRIM_NOT_APPLICABLE:
		return TRIM_FATE_PASSED_OVER;
	case TRIM_SKIPPED:
		return TRIM_FATE_SKIPPED;
	case TRIM_DENIED:
		return TRIM_FATE_REFUSED;
	case TRIM_INTERRUPTED:
		return TRIM_FATE_LEFT;
	case TRIM_DONE:
		break;
	}
	return TRIM_FATE_TRIMMED;
}

static const char *action_of(const struct trimming *trimming, enum trim_fate fate)
{
	return trimming->report.result == TRIM_INTERRUPTED ? "interrupted" : fates[fate].action;
}

static const char *reason_of(const struct trimming *trimming, enum trim_fate fate)
{
	return fate == TRIM_FATE_TRIMMED || fate == TRIM_FATE_LEFT ? NULL : trimming->why.text;
}

/* --- one container --------------------------------------------------------------------------- */

/* What was unmapped and is still used in the pool. */
static uint64_t kept_bytes(const struct trim_report *report)
{
	return trim_unmapped_bytes(report) - trim_returned_bytes(report);
}

void trim_tell_log(const struct trimming *trimming, enum trim_fate fate)
{
	const struct trim_report *report = &trimming->report;
	struct log_line line;

	if (fate == TRIM_FATE_PASSED_OVER || trimming->left)
		return;
	log_begin(&line, action_of(trimming, fate));
	log_add(&line, "container", trimming->container);
	log_add(&line, "engine", trimming->engine);
	if (report->device.name)
		log_add(&line, "device", report->device.name);
	if (report->pool.name)
		log_add(&line, "pool", report->pool.name);
	if (report->measured) {
		log_add_u64(&line, "mapped_from", report->before.mapped_bytes);
		log_add_u64(&line, "mapped_to", report->after.mapped_bytes);
		log_add_u64(&line, "returned", trim_returned_bytes(report));
	}
	if (reason_of(trimming, fate))
		log_add(&line, "reason", trimming->why.text);
	log_add_u64(&line, "took_ms", trimming->took_ms);
	log_end(&line, fates[fate].priority);
}

static void tell_plan(struct text *out, const struct trim_report *report)
{
	text_add(out, "would trim it: %s mapped in pool %s, %s used: at most %s would come back",
		 size_format(report->before.mapped_bytes), quote(report->pool.name),
		 size_format(report->fs_used_bytes), size_format(trim_returnable_bytes(report)));
}

#define KEPT "still in use in the pool: shared with snapshots, or written by others meanwhile"

static void tell_measured(struct text *out, const struct trim_report *report)
{
	uint64_t unmapped = trim_unmapped_bytes(report), returned = trim_returned_bytes(report);
	const char *pool = quote(report->pool.name);

	if (!unmapped) {
		text_add(out, "nothing to give back to pool %s (%s mapped)", pool,
			 size_format(report->after.mapped_bytes));
		return;
	}
	if (returned)
		text_add(out, "%s given back to pool %s", size_format(returned), pool);
	else
		text_add(out, "nothing given back to pool %s", pool);
	text_add(out, " (%s mapped before, %s now)", size_format(report->before.mapped_bytes),
		 size_format(report->after.mapped_bytes));
	if (kept_bytes(report))
		text_add(out, "; %s unmapped, but " KEPT, size_format(kept_bytes(report)));
}

const char *trim_tell_into(struct text *out, const struct trimming *trimming)
{
	const struct trim_report *report = &trimming->report;
	enum trim_fate fate = trim_fate(trimming);

	text_into(out, "%s: ", quote_unless_printable(trimming->container));
	if (trimming->left) {
		text_add(out, "left undone");
		return out->s;
	}
	if (fate != TRIM_FATE_TRIMMED && fate != TRIM_FATE_LEFT)
		text_add(out, "%s%s",
			 fate == TRIM_FATE_PASSED_OVER ? "" : "not trimmed: ", trimming->why.text);
	else if (trimming->dry_run)
		tell_plan(out, report);
	else
		tell_measured(out, report);
	if (fate == TRIM_FATE_LEFT)
		text_add(out, "; interrupted: the same command continues");
	return out->s;
}

static void json_use(const struct trimming *trimming, struct json_writer *w)
{
	const struct trim_report *report = &trimming->report;
	bool done = report->measured && !trimming->dry_run;

	json_write_string(w, "device", report->device.name);
	json_write_string(w, "pool", report->pool.name);
	json_write_string(w, "filesystem", trimming->filesystem);
	json_write_u64_if(w, "mapped_bytes_before", report->measured, report->before.mapped_bytes);
	json_write_u64_if(w, "mapped_bytes", report->measured, report->after.mapped_bytes);
	json_write_u64_if(w, "pool_used_bytes_before", report->measured, report->before.pool_bytes);
	json_write_u64_if(w, "pool_used_bytes", report->measured, report->after.pool_bytes);
	json_write_u64_if(w, "discarded_bytes", done, report->discarded_bytes);
	json_write_u64_if(w, "returned_bytes", done, trim_returned_bytes(report));
	json_write_u64_if(w, "kept_bytes", done, kept_bytes(report));
	json_write_u64_if(w, "returnable_bytes", report->measured && trimming->dry_run,
			  trim_returnable_bytes(report));
}

void trim_tell_json(const struct trimming *trimming, enum trim_fate fate, struct json_writer *w)
{
	json_write_object(w, NULL);
	json_write_string(w, "id", trimming->id);
	json_write_string(w, "container", trimming->container);
	json_write_string(w, "engine", trimming->engine);
	json_write_string(w, "action", action_of(trimming, fate));
	if (trimming->report.device.name)
		json_use(trimming, w);
	json_write_string(w, "reason", reason_of(trimming, fate));
	json_write_close(w);
}

/* --- pools ----------------------------------------------------------------------------------- */

/* The one of this name, added if it is new. NULL: out of memory. */
static struct trim_pool *find_or_add(struct trim_pools *pools, const struct thin_pool *pool)
{
	struct trim_pool *more;

	for (size_t i = 0; i < pools->n; i++) {
		if (strcmp(pools->pools[i].name, pool->name) == 0)
			return &pools->pools[i];
	}
	more = reallocarray(pools->pools, pools->n + 1, sizeof(*more));
	if (!more)
		return NULL;
	pools->pools = more;
	more[pools->n] = (struct trim_pool){
		.name = strdup(pool->name),
		.discards = pool->discards,
		.told_to_keep = pool->told_to_keep,
	};
	return more[pools->n].name ? &more[pools->n++] : NULL;
}

int trim_pools_add(struct trim_pools *pools, const struct trimming *trimming)
{
	struct trim_pool *pool = find_or_add(pools, &trimming->report.pool);

	if (!pool)
		return -ENOMEM;
	if (trimming->report.is_pools && pool->n_skipped++ == 0)
		pool->why = trimming->why;
	return 0;
}

void trim_pools_free(struct trim_pools *pools)
{
	for (size_t i = 0; i < pools->n; i++)
		free(pools->pools[i].name);
	free(pools->pools);
	*pools = (struct trim_pools){0};
}

const char *trim_pool_skipped_into(struct text *out, const struct trim_pool *pool)
{
	out->s[0] = '\0';
	if (pool->n_skipped)
		text_into(out, "%u container%s: not trimmed: %s", pool->n_skipped,
			  pool->n_skipped == 1 ? "" : "s", pool->why.text);
	return out->s;
}

const char *trim_pool_note_into(struct text *out, const struct trim_pool *pool)
{
	const char *name = quote(pool->name);

	out->s[0] = '\0';
	if (pool->discards == THIN_DISCARDS_IGNORED)
		text_into(out,
			  "pool %s ignores discards (ignore_discard in its table), so nothing can "
			  "be given back to it; that can be changed only while it is not active "
			  "(LVM: lvchange --discards passdown)",
			  name);
	else if (pool->discards == THIN_DISCARDS_KEPT)
		text_into(out,
			  "pool %s passes no discards down (%s): what is given back is free in the "
			  "pool, but not discarded in the device below it",
			  name,
			  pool->told_to_keep ? "no_discard_passdown"
					     : "the device below it supports none");
	return out->s;
}

static const char *const discards_words[] = {
	[THIN_DISCARDS_IGNORED] = "ignored",
	[THIN_DISCARDS_KEPT] = "not passed down",
	[THIN_DISCARDS_PASSED] = "passed down",
};

const char *trim_pool_discards(const struct thin_pool *pool)
{
	return pool->failed ? NULL : discards_words[pool->discards];
}

void trim_pools_json(const struct trim_pools *pools, struct json_writer *w)
{
	json_write_array(w, "pools");
	for (size_t i = 0; i < pools->n; i++) {
		const struct trim_pool *pool = &pools->pools[i];
		const char *note = trim_pool_note(pool);

		json_write_object(w, NULL);
		json_write_string(w, "name", pool->name);
		json_write_string(w, "discards", discards_words[pool->discards]);
		json_write_string(w, "note", *note ? note : NULL);
		json_write_close(w);
	}
	json_write_array_close(w);
}

/* --- the sum --------------------------------------------------------------------------------- */

void trim_sum_add(struct trim_sum *sum, const struct trimming *trimming, enum trim_fate fate)
{
	const struct trim_report *report = &trimming->report;

	sum->n[fate]++;
	if (report->measured)
		sum->returned_bytes += trimming->dry_run ? trim_returnable_bytes(report)
							 : trim_returned_bytes(report);
}

void trim_sum_print(const struct trim_sum *sum, bool dry_run, FILE *out)
{
	const char *separator = "";

	for (size_t i = 0; i < TRIM_FATES; i++) {
		if (!sum->n[i])
			continue;
		fprintf(out, "%s%u %s", separator, sum->n[i],
			i == TRIM_FATE_TRIMMED && dry_run ? "would be trimmed" : fates[i].words);
		separator = ", ";
	}
	if (!*separator)
		fputs("no containers", out);
	if (sum->returned_bytes)
		fprintf(out, ": %s%s%s", dry_run ? "at most " : "",
			size_format(sum->returned_bytes), dry_run ? "" : " given back");
	fputc('\n', out);
}

void trim_sum_json(const struct trim_sum *sum, struct json_writer *w)
{
	json_write_object(w, "summary");
	for (size_t i = 0; i < TRIM_FATES; i++)
		json_write_u64(w, fates[i].key, sum->n[i]);
	json_write_u64(w, "returned_bytes", sum->returned_bytes);
	json_write_close(w);
}

int trim_sum_exit_status(const struct trim_sum *sum, bool all)
{
	if (sum->n[TRIM_FATE_FAILED])
		return EXIT_FAILED;
	if (sum->n[TRIM_FATE_REFUSED])
		return EXIT_REFUSED;
	if (sum->n[TRIM_FATE_MISSING])
		return EXIT_NOT_APPLICABLE;
	return !all && (sum->n[TRIM_FATE_SKIPPED] || sum->n[TRIM_FATE_PASSED_OVER])
		       ? EXIT_NOT_APPLICABLE
		       : EXIT_OK;
}
