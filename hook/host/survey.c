/* SPDX-License-Identifier: Apache-2.0 */
#include "host/survey.h"

#include "base/cleanup.h"
#include "disk/growd-lock.h"
#include "disk/ledger-files.h"
#include "disk/lock.h"
#include "engine/engine.h"
#include "job/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct surveyor {
	struct survey *survey;
	const struct survey_order *order;
	bool no_memory;
};

static void pass_over(struct surveyor *surveyor, const struct why *why)
{
	surveyor->survey->unread++;
	surveyor->order->complain(why);
}

static void add_pool(struct surveyor *surveyor, const struct thin_device *device)
{
	struct survey *survey = surveyor->survey;
	struct survey_pool *pool = &survey->pools[survey->n_pools];
	struct why why;

	if (thin_pool_status(device->dev, &pool->status, &why) < 0) {
		pass_over(surveyor, &why);
		return;
	}
	pool->dev = device->dev;
	pool_extender_look(surveyor->order->places, device->name, device->uuid,
			   thin_pool_data_bytes(&pool->status), &pool->extender);
	forecast_pool(&survey->watched, &pool->status, &pool->forecast);
	survey->n_pools++;
}

/* Takes @thin over. */
static void add_device(struct surveyor *surveyor, const struct thin_device *thin)
{
	const struct survey_order *order = surveyor->order;
	struct survey *survey = surveyor->survey;
	struct survey_device *device = &survey->devices[survey->n_devices++];
	struct healing healing;
	struct why unused;

	*device = (struct survey_device){.thin = *thin, .healed = true};
	if (!engine_names_device(thin->name) || thin_check_plain(thin, &unused) < 0)
		return;
	healing_device(order->healing, thin->dev, thin->name, &healing);
	device->healed = healing.armed;
	risk_look(thin, order->policy, order->run_dir, order->ledger_dir, &device->risk);
	survey->engine_devices++;
	survey->unhealed_devices += !device->healed;
}

static void look_at(struct surveyor *surveyor, dev_t dev)
{
	struct thin_device device;
	struct why why;
	int r = thin_lookup(dev, &device, &why);

	if (r < 0) {
		if (r != -ENODEV && r != -ENXIO) /* gone meanwhile */
			pass_over(surveyor, &why);
		return;
	}
	if (strcmp(device.target, "thin") == 0) {
		add_device(surveyor, &device);
		return;
	}
	if (strcmp(device.target, "thin-pool") == 0)
		add_pool(surveyor, &device);
	thin_device_free(&device);
}

static int look_at_all(struct surveyor *surveyor, struct why *why)
{
	_cleanup_(thin_list_free) struct thin_list list = {0};
	struct survey *survey = surveyor->survey;
	int r = thin_list(&list, why);

	if (r < 0)
		return r;
	survey->pools = calloc(list.n + 1, sizeof(*survey->pools));
	survey->devices = calloc(list.n + 1, sizeof(*survey->devices));
	if (!survey->pools || !survey->devices)
		return why_no_memory(why);
	for (size_t i = 0; i < list.n; i++)
		look_at(surveyor, list.devs[i]);
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
		surveyor->order->complain(&file->why);
		return;
	}
	more = reallocarray(survey->entries, survey->n_entries + 1, sizeof(*more));
	if (!more) {
		surveyor->no_memory = true;
		return;
	}
	more[survey->n_entries++] = file->entry;
	survey->entries = more;
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

int survey_take(const struct survey_order *order, struct survey *ret, struct why *why)
{
	struct surveyor surveyor = {.survey = ret, .order = order};
	struct why ledger_why;
	int r;

	*ret = (struct survey){
		.heals = order->healing->armed,
		.daemon = settings_has_daemon(order->policy, order->run_dir),
		.daemon_runs = growd_is_running(order->run_dir),
	};
	daemon_state_now(order->run_dir, &ret->watched);
	r = look_at_all(&surveyor, why);
	if (r < 0)
		return r;
	if (ledger_files(order->ledger_dir, visit_file, &surveyor, &ledger_why) < 0)
		pass_over(&surveyor, &ledger_why);
	if (surveyor.no_memory)
		return why_no_memory(why);
	sum_up(ret);
	return 0;
}

int survey_host(const struct policy *policy, void (*complain)(const struct why *why),
		struct survey *ret, struct why *why)
{
	struct healing healing;
	const struct survey_order order = {
		.policy = policy,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
		.healing = &healing,
		.places = &extender_host,
		.complain = complain,
	};

	healing_host(&healing);
	return survey_take(&order, ret, why);
}

void survey_free(struct survey *survey)
{
	for (size_t i = 0; i < survey->n_pools; i++) {
		thin_pool_free(&survey->pools[i].status);
		pool_extender_free(&survey->pools[i].extender);
	}
	for (size_t i = 0; i < survey->n_devices; i++)
		thin_device_free(&survey->devices[i].thin);
	daemon_state_free(&survey->watched);
	free(survey->pools);
	free(survey->devices);
	free(survey->entries);
	*survey = (struct survey){0};
}

/* --- the risk of a container ----------------------------------------------------------------- */

static const struct survey_device *device_numbered(const struct survey *survey, dev_t dev)
{
	for (size_t i = 0; dev && i < survey->n_devices; i++) {
		if (survey->devices[i].thin.dev == dev)
			return &survey->devices[i];
	}
	return NULL;
}

static const struct ledger_entry *find_entry(const struct survey *survey, const char *name)
{
	for (size_t i = 0; i < survey->n_entries; i++) {
		if (strcmp(survey->entries[i].device, name) == 0)
			return &survey->entries[i];
	}
	return NULL;
}

enum risk survey_judge(const struct survey *survey, const struct inventory *row)
{
	const struct survey_device *device = device_numbered(survey, row->dev);
	const struct risk_facts facts = {
		.disk = row,
		.device = device ? &device->risk : NULL,
		.entry = find_entry(survey, row->device),
		.healed = device ? device->healed : survey->heals,
		.daemon = survey->daemon,
	};

	return risk_judge(&facts).risk;
}

/* Of a device that was unmounted, only its steps are still known. */
const struct daemon_disk *survey_disk(const struct survey *survey, const struct inventory *row)
{
	const struct daemon_disk *disk = daemon_state_disk(&survey->watched, row->device);

	return disk && disk->state != DISK_LEFT ? disk : NULL;
}

bool survey_is_in_vm(const struct survey *survey, const struct inventory *row)
{
	const struct ledger_entry *entry = find_entry(survey, row->device);

	return inventory_is_in_vm(row, entry && entry->in_vm && entry->thin_id == row->thin_id);
}

static void count_in_pool(struct survey *survey, dev_t pool)
{
	for (size_t i = 0; i < survey->n_pools; i++)
		survey->pools[i].containers += survey->pools[i].dev == pool;
}

void survey_count(struct survey *survey, const struct engine_list *list,
		  const struct policy *policy)
{
	for (size_t i = 0; i < list->n; i++) {
		struct inventory row;

		if (!inventory_look(&list->containers[i], policy, &row))
			continue;
		if (row.container->pid || survey_is_in_vm(survey, &row))
			count_in_pool(survey, row.pool);
		inventory_free(&row);
	}
}
