/* SPDX-License-Identifier: Apache-2.0 */
#include "role/survey.h"

#include "disk/ledger-files.h"
#include "disk/rule.h"
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct surveyor {
	struct survey *survey;
	void (*complain)(const struct why *why);
	bool no_memory;
};

/* Room for one more in @array; NULL: no memory. */
static void *one_more(struct surveyor *surveyor, void *array, size_t n, size_t size)
{
	void *more = reallocarray(array, n + 1, size);

	surveyor->no_memory |= !more;
	return more;
}

static void pass_over(struct surveyor *surveyor, const struct why *why)
{
	surveyor->survey->unread++;
	surveyor->complain(why);
}

static void add_pool(struct surveyor *surveyor, dev_t dev)
{
	struct survey *survey = surveyor->survey;
	struct survey_pool *more, pool = {.dev = dev};
	struct why why;

	if (thin_pool_status(dev, &pool.status, &why) < 0) {
		pass_over(surveyor, &why);
		return;
	}
	more = one_more(surveyor, survey->pools, survey->n_pools, sizeof(*more));
	if (!more) {
		thin_pool_free(&pool.status);
		return;
	}
	more[survey->n_pools++] = pool;
	survey->pools = more;
}

/* Takes @thin over. */
static void add_device(struct surveyor *surveyor, struct thin_device *thin)
{
	struct survey_device *more, device = {.thin = *thin, .healed = true};
	struct survey *survey = surveyor->survey;
	struct why unused;

	more = one_more(surveyor, survey->devices, survey->n_devices, sizeof(*more));
	if (!more) {
		thin_device_free(thin);
		return;
	}
	if (engine_names_device(thin->name) && thin_check_plain(thin, &unused) == 0) {
		device.healed = rule_check(thin->dev, thin->name, &unused) == 0;
		survey->engine_devices++;
		survey->unhealed_devices += !device.healed;
	}
	more[survey->n_devices++] = device;
	survey->devices = more;
}

static int visit_device(dev_t dev, void *context)
{
	struct surveyor *surveyor = context;
	struct thin_device device;
	struct why why;
	int r = thin_lookup(dev, &device, &why);

	if (r < 0) {
		if (r != -ENODEV && r != -ENXIO) /* gone meanwhile */
			pass_over(surveyor, &why);
		return 0;
	}
	if (strcmp(device.target, "thin") == 0) {
		add_device(surveyor, &device);
		return 0;
	}
	if (strcmp(device.target, "thin-pool") == 0)
		add_pool(surveyor, dev);
	thin_device_free(&device);
	return 0;
}

static void visit_file(const struct ledger_file *file, void *context)
{
	struct surveyor *surveyor = context;
	struct survey *survey = surveyor->survey;
	struct ledger_entry *more;

	if (file->state == LEDGER_FILE_LEFTOVER)
		return;
	if (file->state != LEDGER_FILE_SOUND) {
		survey->damaged_entries++;
		surveyor->complain(&file->why);
		return;
	}
	more = one_more(surveyor, survey->entries, survey->n_entries, sizeof(*more));
	if (!more)
		return;
	more[survey->n_entries++] = file->entry;
	survey->entries = more;
}

static const struct survey_pool *find_pool(const struct survey *survey, dev_t dev)
{
	for (size_t i = 0; i < survey->n_pools; i++) {
		if (survey->pools[i].dev == dev)
			return &survey->pools[i];
	}
	return NULL;
}

static void sum_up(struct survey *survey)
{
	for (size_t i = 0; i < survey->n_pools; i++) {
		struct survey_pool *pool = &survey->pools[i];

		for (size_t k = 0; k < survey->n_devices; k++) {
			if (survey->devices[k].thin.pool != pool->dev)
				continue;
			pool->virtual_bytes += survey->devices[k].thin.sectors * SECTOR_BYTES;
			pool->active++;
		}
	}
}

int survey_take(const char *ledger_dir, void (*complain)(const struct why *why), struct survey *ret,
		struct why *why)
{
	struct surveyor surveyor = {.survey = ret, .complain = complain};
	struct why ledger_why;
	int r;

	*ret = (struct survey){0};
	thin_init();
	r = thin_each(visit_device, &surveyor, why);
	if (r < 0)
		return r;
	if (ledger_files(ledger_dir, visit_file, &surveyor, &ledger_why) < 0)
		pass_over(&surveyor, &ledger_why);
	if (surveyor.no_memory)
		return why_set(why, ENOMEM, "out of memory");
	sum_up(ret);
	return 0;
}

void survey_free(struct survey *survey)
{
	for (size_t i = 0; i < survey->n_pools; i++)
		thin_pool_free(&survey->pools[i].status);
	for (size_t i = 0; i < survey->n_devices; i++)
		thin_device_free(&survey->devices[i].thin);
	free(survey->pools);
	free(survey->devices);
	free(survey->entries);
	*survey = (struct survey){0};
}

/* --- which container would not start again ------------------------------------------------------
 */

static const struct survey_device *find_device(const struct survey *survey, dev_t dev)
{
	for (size_t i = 0; dev && i < survey->n_devices; i++) {
		if (survey->devices[i].thin.dev == dev)
			return &survey->devices[i];
	}
	return NULL;
}

/*
 * Not asked for the filesystem's UUID: it would mean to open each device, and while one is open its
 * engine cannot remove it.
 */
static bool is_entry_of(const struct ledger_entry *entry, const struct survey *survey,
			const char *name, const struct survey_device *device)
{
	const struct survey_pool *pool = device ? find_pool(survey, device->thin.pool) : NULL;

	if (strcmp(entry->device, name) != 0)
		return false;
	return !device || (entry->thin_id == device->thin.thin_id && pool &&
			   strcmp(entry->pool, pool->status.name) == 0);
}

static const struct ledger_entry *find_entry(const struct survey *survey, const char *name,
					     const struct survey_device *device)
{
	for (size_t i = 0; i < survey->n_entries; i++) {
		if (is_entry_of(&survey->entries[i], survey, name, device))
			return &survey->entries[i];
	}
	return NULL;
}

/* Is it larger than its engine will make it? Where that is not known, by our own doing only. */
static bool is_grown(const struct inventory *row, const struct ledger_entry *entry)
{
	uint64_t remembered = row->container->remembered;
	uint64_t needed = entry ? entry->sectors * SECTOR_BYTES : 0;

	if (!remembered)
		return entry != NULL;
	return needed > remembered || row->filesystem_bytes > remembered;
}

enum survey_risk survey_judge(const struct survey *survey, const struct inventory *row)
{
	const struct survey_device *device = find_device(survey, row->dev);
	const struct ledger_entry *entry;
	bool healed;

	if (!engine_names_device(row->device))
		return RISK_NONE;
	entry = find_entry(survey, row->device, device);
	/* Of one that is not active now it is not known; as with the others, then. */
	healed = device ? device->healed : survey->unhealed_devices == 0;
	if (device && entry && entry->state == LEDGER_DONE && device->thin.sectors < entry->sectors)
		return RISK_TOO_SHORT;
	if (!healed && is_grown(row, entry))
		return RISK_NOT_HEALED;
	return entry && entry->state == LEDGER_INTENDED ? RISK_UNFINISHED : RISK_NONE;
}
