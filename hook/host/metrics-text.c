/* SPDX-License-Identifier: Apache-2.0 */
#include "host/metrics-text.h"

#include "base/count.h"
#include "host/prometheus.h"

struct family {
	const char *name, *help;
};

/* A sample is written only if its value is known. */
struct value {
	bool known;
	uint64_t n;
};

static struct value unless_0(uint64_t n)
{
	return (struct value){n != 0, n};
}

static struct value always(uint64_t n)
{
	return (struct value){true, n};
}

/* --- containers ------------------------------------------------------------------------------ */

enum {
	DEVICE,
	FILESYSTEM,
	USED,
	AVAILABLE,
	REQUESTED,
	REMEMBERED,
	AT_RISK,
	AUTOGROW_MAX,
	FILL_RATE,
	AUTOGROW_STEPS,
	AUTOGROW_BACKOFF,
	CONTAINER_FAMILIES
};

static const struct family container_families[CONTAINER_FAMILIES] = {
	[DEVICE] = {"oci_thin_grow_container_device_bytes",
		    "Present length of the container's thin device, if it is active."},
	[FILESYSTEM] = {"oci_thin_grow_container_filesystem_size_bytes",
			"Size of the filesystem on it, if the container runs."},
	[USED] = {"oci_thin_grow_container_used_bytes",
		  "Used bytes of that filesystem, as in df(1)."},
	[AVAILABLE] = {"oci_thin_grow_container_available_bytes",
		       "Bytes of that filesystem that the container can still use, as in df(1)."},
	[REQUESTED] = {"oci_thin_grow_container_requested_bytes",
		       "Size that the container requests."},
	[REMEMBERED] = {"oci_thin_grow_container_engine_remembered_bytes",
			"Length that the engine will give the device next time, if its files say."},
	[AT_RISK] = {"oci_thin_grow_container_at_risk",
		     "1 if the container may not start again, or a growth of it is unfinished."},
	[AUTOGROW_MAX] =
		{"oci_thin_grow_container_autogrow_max_bytes",
		 "Largest size to which oci-thin-growd grows it; no sample if it does not."},
	[FILL_RATE] = {"oci_thin_grow_container_fill_bytes_per_second",
		       "Rate at which the filesystem fills now, as oci-thin-growd measures it."},
	[AUTOGROW_STEPS] = {"oci_thin_grow_container_autogrow_steps",
			    "Steps by which oci-thin-growd has grown it in the period of its "
			    "budget or cooldown."},
	[AUTOGROW_BACKOFF] =
		{"oci_thin_grow_container_autogrow_backoff_seconds",
		 "Time between two attempts to grow it after a refusal or failure, else 0."},
};

static void container_values(const struct metrics_row *row, struct value ret[CONTAINER_FAMILIES])
{
	static const struct daemon_disk unwatched = {0};
	const struct inventory *disk = &row->inventory;
	const struct daemon_disk *watched = row->disk ? row->disk : &unwatched;
	bool mounted = disk->used_bytes + disk->available_bytes != 0, grows = watched->max != 0;

	ret[DEVICE] = unless_0(disk->device_bytes);
	ret[FILESYSTEM] = unless_0(disk->filesystem_bytes);
	ret[USED] = (struct value){mounted, disk->used_bytes};
	ret[AVAILABLE] = (struct value){mounted, disk->available_bytes};
	ret[REQUESTED] = unless_0(disk->requested_bytes);
	ret[REMEMBERED] = unless_0(disk->container->remembered);
	ret[AT_RISK] = always(row->risk != RISK_NONE);
	ret[AUTOGROW_MAX] = unless_0(watched->max);
	ret[FILL_RATE] = (struct value){row->disk, watched->bytes_per_second};
	ret[AUTOGROW_STEPS] = (struct value){grows, watched->steps};
	ret[AUTOGROW_BACKOFF] = (struct value){grows, watched->backoff_ms / 1000};
}

#define CONTAINER_LABELS 5

static void label_container(const struct metrics_row *row, struct prometheus_label *ret_labels)
{
	const struct engine_container *container = row->inventory.container;

	ret_labels[0] = (struct prometheus_label){"engine", container->engine};
	ret_labels[1] = (struct prometheus_label){"namespace", container->namespace};
	ret_labels[2] = (struct prometheus_label){"name", container->name};
	ret_labels[3] = (struct prometheus_label){"id", container->id};
	ret_labels[4] = (struct prometheus_label){"device", row->inventory.device};
}

static void write_containers(const struct metrics *metrics, struct prometheus *p)
{
	for (size_t i = 0; i < CONTAINER_FAMILIES; i++) {
		prometheus_family(p, container_families[i].name, container_families[i].help);
		for (size_t k = 0; k < metrics->n_rows; k++) {
			struct prometheus_label labels[CONTAINER_LABELS];
			struct value values[CONTAINER_FAMILIES];

			label_container(&metrics->rows[k], labels);
			container_values(&metrics->rows[k], values);
			if (values[i].known)
				prometheus_add(p, labels, CONTAINER_LABELS, values[i].n);
		}
	}
}

static void write_autogrow_states(const struct metrics *metrics, struct prometheus *p)
{
	prometheus_family(p, "oci_thin_grow_container_autogrow_state",
			  "Always 1; the label says what oci-thin-growd does with it.");
	for (size_t i = 0; i < metrics->n_rows; i++) {
		const struct metrics_row *row = &metrics->rows[i];
		struct prometheus_label labels[CONTAINER_LABELS + 1];

		if (!row->disk || !row->disk->max)
			continue;
		label_container(row, labels);
		labels[CONTAINER_LABELS] = (struct prometheus_label){
			"state", daemon_disk_state_name(row->disk->state)};
		prometheus_add(p, labels, CONTAINER_LABELS + 1, 1);
	}
}

/* --- pools ----------------------------------------------------------------------------------- */

enum {
	DATA,
	DATA_USED,
	METADATA,
	METADATA_USED,
	VIRTUAL,
	ACTIVE,
	FILL,
	TIME_TO_FULL,
	POOL_FAMILIES
};

static const struct family pool_families[POOL_FAMILIES] = {
	[DATA] = {"oci_thin_grow_pool_data_bytes", "Data space of the pool."},
	[DATA_USED] = {"oci_thin_grow_pool_data_used_bytes", "Data space in use."},
	[METADATA] = {"oci_thin_grow_pool_metadata_bytes", "Metadata space of the pool."},
	[METADATA_USED] = {"oci_thin_grow_pool_metadata_used_bytes", "Metadata space in use."},
	[VIRTUAL] = {"oci_thin_grow_pool_virtual_bytes",
		     "Lengths of the pool's active thin devices, together."},
	[ACTIVE] = {"oci_thin_grow_pool_active_devices",
		    "How many of its thin devices are active."},
	[FILL] = {"oci_thin_grow_pool_fill_bytes_per_second",
		  "Rate at which the pool filled in the last minutes, as oci-thin-growd measures "
		  "it."},
	[TIME_TO_FULL] =
		{"oci_thin_grow_pool_time_to_full_seconds",
		 "Time until the pool is full at this rate; no sample if it does not fill."},
};

static void pool_values(const struct survey_pool *pool, struct value ret[POOL_FAMILIES])
{
	ret[DATA] = always(thin_pool_data_bytes(&pool->status));
	ret[DATA_USED] = always(thin_pool_data_used_bytes(&pool->status));
	ret[METADATA] = always(thin_pool_metadata_bytes(&pool->status));
	ret[METADATA_USED] = always(thin_pool_metadata_used_bytes(&pool->status));
	ret[VIRTUAL] = always(pool->virtual_bytes);
	ret[ACTIVE] = always(pool->active);
	ret[FILL] = (struct value){pool->forecast.known, pool->forecast.bytes_per_second};
	ret[TIME_TO_FULL] = (struct value){pool->forecast.fills, pool->forecast.seconds};
}

static void write_pools(const struct survey *survey, struct prometheus *p)
{
	for (size_t i = 0; i < POOL_FAMILIES; i++) {
		prometheus_family(p, pool_families[i].name, pool_families[i].help);
		for (size_t k = 0; k < survey->n_pools; k++) {
			const struct survey_pool *pool = &survey->pools[k];
			const struct prometheus_label label = {"pool", pool->status.name};
			struct value values[POOL_FAMILIES];

			pool_values(pool, values);
			if (values[i].known)
				prometheus_add(p, &label, 1, values[i].n);
		}
	}
	prometheus_family(p, "oci_thin_grow_pool_overcommit_ratio",
			  "Virtual bytes as a multiple of the pool's data space.");
	for (size_t i = 0; i < survey->n_pools; i++) {
		const struct survey_pool *pool = &survey->pools[i];
		const struct prometheus_label label = {"pool", pool->status.name};

		prometheus_add_ratio(p, &label, 1, pool->virtual_bytes,
				     thin_pool_data_bytes(&pool->status));
	}
	prometheus_family(p, "oci_thin_grow_pool_state",
			  "Always 1; the label says \"ok\" or what is wrong with the pool.");
	for (size_t i = 0; i < survey->n_pools; i++) {
		const struct thin_pool *status = &survey->pools[i].status;
		const struct prometheus_label labels[] = {
			{"pool", status->name},
			{"state", status->trouble ? status->trouble : "ok"},
		};

		prometheus_add(p, labels, COUNT(labels), 1);
	}
}

static void write_extenders(const struct survey *survey, struct prometheus *p)
{
	prometheus_family(p, "oci_thin_grow_pool_extended",
			  "1 if a program extends the pool when it fills; the label says which.");
	for (size_t i = 0; i < survey->n_pools; i++) {
		const struct survey_pool *pool = &survey->pools[i];
		const struct prometheus_label labels[] = {
			{"pool", pool->status.name},
			{"by", extender_name(pool->extender.by)},
		};

		prometheus_add(p, labels, COUNT(labels), pool->extender.by != EXTENDER_NOBODY);
	}
	prometheus_family(p, "oci_thin_grow_pool_extend_threshold_ratio",
			  "Part of the data space in use at which dmeventd extends the pool.");
	for (size_t i = 0; i < survey->n_pools; i++) {
		const struct survey_pool *pool = &survey->pools[i];
		const struct prometheus_label label = {"pool", pool->status.name};

		if (pool->extender.by == EXTENDER_DMEVENTD)
			prometheus_add_ratio(p, &label, 1, pool->extender.percent, 100);
	}
}

/* --- the host -------------------------------------------------------------------------------- */

static void add_one(struct prometheus *p, const char *name, const char *help, uint64_t value)
{
	prometheus_family(p, name, help);
	prometheus_add(p, NULL, 0, value);
}

static void add_state(struct prometheus *p, const char *label, const char *state, uint64_t value)
{
	prometheus_add(p, &(struct prometheus_label){label, state}, 1, value);
}

static void write_attempts(const struct daemon_state *daemon, struct prometheus *p)
{
	prometheus_counter(p, "oci_thin_grow_autogrow_attempts_total",
			   "Growths that oci-thin-growd wanted since the host was booted, by how "
			   "they ended; no sample if it does not run.");
	for (int i = 0; daemon->pid && i < DAEMON_COUNTS; i++)
		add_state(p, "result", daemon_count_name((enum daemon_count)i), daemon->counts[i]);
}

static void write_counts(const struct metrics *metrics, struct prometheus *p)
{
	uint64_t running = 0, in_vm = 0, risks[RISKS] = {0};

	for (size_t i = 0; i < metrics->n_rows; i++) {
		const struct metrics_row *row = &metrics->rows[i];

		in_vm += row->in_vm;
		running += !row->in_vm && row->inventory.container->pid;
		risks[row->risk]++;
	}
	prometheus_family(p, "oci_thin_grow_containers", "Containers on thin devices.");
	add_state(p, "state", "running", running);
	add_state(p, "state", "vm", in_vm);
	add_state(p, "state", "stopped", metrics->n_rows - running - in_vm);
	prometheus_family(p, "oci_thin_grow_containers_at_risk",
			  "Containers that may not start again, or whose growth is unfinished.");
	add_state(p, "reason", "not healed", risks[RISK_NOT_HEALED]);
	add_state(p, "reason", "too short", risks[RISK_TOO_SHORT]);
	add_state(p, "reason", "unfinished", risks[RISK_UNFINISHED]);
}

static void write_ledger(const struct survey *survey, struct prometheus *p)
{
	uint64_t unfinished = 0, continued = 0, given_to_vms = 0;

	for (size_t i = 0; i < survey->n_entries; i++) {
		unfinished += survey->entries[i].state == LEDGER_INTENDED;
		continued += survey->daemon && survey->entries[i].state == LEDGER_INTENDED &&
			     !ledger_is_cut_short(&survey->entries[i]);
		given_to_vms += survey->entries[i].in_vm;
	}
	prometheus_family(p, "oci_thin_grow_ledger_entries", "Entries of the ledger.");
	add_state(p, "state", "done", survey->n_entries - unfinished);
	add_state(p, "state", "intended", unfinished);
	add_state(p, "state", "damaged", survey->damaged_entries);
	add_one(p, "oci_thin_grow_unfinished_growths",
		"Unfinished growths in the ledger that no daemon continues.",
		unfinished - continued);
	add_one(p, "oci_thin_grow_background_growths",
		"Unfinished growths in the ledger that the daemon continues.", continued);
	add_one(p, "oci_thin_grow_vm_devices",
		"Devices in the ledger that were given to virtual machines.", given_to_vms);
}

static void write_host(const struct metrics *metrics, struct prometheus *p)
{
	const struct survey *survey = metrics->survey;

	prometheus_family(p, "oci_thin_grow_healing_armed",
			  "1 if all active devices of engines will be healed when they are "
			  "re-created; no sample if there is none.");
	if (survey->engine_devices)
		prometheus_add(p, NULL, 0, survey->unhealed_devices == 0);
	add_one(p, "oci_thin_grow_unread_objects",
		"Devices, pools and directories that could not be read this time.", survey->unread);
	add_one(p, "oci_thin_grow_daemon_up", "1 if oci-thin-growd runs.", survey->daemon_runs);
	add_one(p, "oci_thin_grow_last_run_timestamp_seconds", "When these values were read.",
		(uint64_t)metrics->now);
	prometheus_family(p, "oci_thin_grow_build_info", "Always 1; the program's version.");
	add_state(p, "version", VERSION, 1);
}

int metrics_write(const struct metrics *metrics, FILE *out)
{
	struct prometheus p = {.out = out};

	write_containers(metrics, &p);
	write_autogrow_states(metrics, &p);
	write_pools(metrics->survey, &p);
	write_extenders(metrics->survey, &p);
	write_attempts(&metrics->survey->watched, &p);
	write_counts(metrics, &p);
	write_ledger(metrics->survey, &p);
	write_host(metrics, &p);
	return prometheus_end(&p);
}
