/* SPDX-License-Identifier: Apache-2.0 */

/* Thin pools: their state, how full they are, and whether they are extended automatically. */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/ratio.h"
#include "base/size.h"
#include "base/text.h"
#include "host/forecast.h"
#include "host/pool-advice.h"
#include "host/pool-extender.h"
#include "job/trim-tell.h"

#include <inttypes.h>
#include <string.h>

struct pool {
	struct doctor *doctor;
	const struct thin_device *device;
	const struct thin_pool *status;
	struct pool_facts facts;
	struct pool_extender extender;
	struct forecast forecast;
};

static void bad_pool(const struct pool *pool, const char *id, char *what, char *why, char *command)
{
	findings_add(&pool->doctor->findings, SEVERITY_BROKEN, id, pool->device->name, what, why,
		     command);
}

/* What to do if there is no @command. NULL: there is one, or out of memory. */
static char *by_hand(const struct pool *pool, const struct pool_backing *backing,
		     const char *command)
{
	if (command)
		return NULL;
	if (pool->facts.lvm)
		return text_new("; its volume group lacks free space: add a device to it "
				"(vgextend) and run doctor again, or remove containers and images");
	return text_new("; no command can extend it: make %s longer and run doctor again, or "
			"remove containers and images",
			backing->node ? backing->node : "the device below it");
}

static void report_data(const struct pool *pool, uint64_t percent)
{
	char *command = pool_extend_data(&pool->facts);
	_cleanup_free_ char *else_do = by_hand(pool, &pool->facts.data, command);

	bad_pool(pool, "pool-data",
		 text_new("pool %s is %s full%s", quote(pool->status->name),
			  permille_format(percent),
			  pool->status->out_of_data_space ? ", it takes no more writes" : ""),
		 text_new("above %u %% nothing is grown on it, and when it is full every "
			  "container on it hangs or gets errors%s",
			  pool->facts.data_percent, else_do ? else_do : ""),
		 command);
}

static void report_metadata(const struct pool *pool, uint64_t percent)
{
	char *command = pool_extend_metadata(&pool->facts);
	_cleanup_free_ char *else_do = by_hand(pool, &pool->facts.metadata, command);

	bad_pool(pool, "pool-metadata",
		 text_new("pool %s has %s of its metadata in use", quote(pool->status->name),
			  permille_format(percent)),
		 text_new("above %u %% nothing is grown on it, and without metadata it turns "
			  "read-only%s",
			  pool->doctor->policy->pool_guard.metadata_percent,
			  else_do ? else_do : ""),
		 command);
}

/* false: data or metadata is above its limit, which was reported. */
static bool check_space(const struct pool *pool)
{
	const struct thin_pool *status = pool->status;
	const struct pool_guard *limits = &pool->doctor->policy->pool_guard;
	uint64_t data = permille(status->data_used_blocks, status->data_blocks);
	uint64_t metadata = permille(status->metadata_used_blocks, status->metadata_blocks);
	bool data_full = data > limits->data_percent * 10ULL || status->out_of_data_space;
	bool metadata_full = metadata > limits->metadata_percent * 10ULL;

	if (data_full)
		report_data(pool, data);
	if (metadata_full)
		report_metadata(pool, metadata);
	return !data_full && !metadata_full;
}

static void report_filling(const struct pool *pool)
{
	char *command = pool_extend_data(&pool->facts);
	_cleanup_free_ char *else_do = by_hand(pool, &pool->facts.data, command);
	struct text when;

	findings_add(&pool->doctor->findings, SEVERITY_WARNING, "pool-fills-up", pool->device->name,
		     text_new("pool %s will be full in %s at the present rate, and nothing extends "
			      "it",
			      quote(pool->device->name),
			      forecast_into(&when, pool->forecast.seconds)),
		     text_new("when it is full every container on it hangs or gets errors%s",
			      else_do ? else_do : ""),
		     command);
}

static void report_good(const struct pool *pool)
{
	const struct thin_pool *status = pool->status;
	uint64_t data = permille(status->data_used_blocks, status->data_blocks);
	uint64_t metadata = permille(status->metadata_used_blocks, status->metadata_blocks);

	findings_add(&pool->doctor->findings, SEVERITY_OK, "pool", status->name,
		     text_new("pool %s: %s of %s in use, and %s of %s of metadata",
			      quote(status->name), permille_format(data),
			      size_format(thin_pool_data_bytes(status)), permille_format(metadata),
			      size_format(thin_pool_metadata_bytes(status))),
		     NULL, NULL);
}

static void check_state(const struct pool *pool)
{
	const struct thin_pool *status = pool->status;
	const char *name = quote(status->name);

	if (status->failed || status->needs_check) {
		bad_pool(pool, "pool-needs-check",
			 text_new("pool %s %s", name,
				  status->failed ? "has failed"
						 : "needs a check of its metadata "
						   "(needs_check)"),
			 text_new("it takes no writes until its metadata is checked, which takes "
				  "it down: stop its containers and the engine first; if "
				  "thin_check finds errors, see thin_repair(8)"),
			 pool_check(&pool->facts));
		return;
	}
	if (!check_space(pool))
		return;
	if (status->read_only)
		bad_pool(pool, "pool-read-only", text_new("pool %s is read-only", name),
			 text_new("writes to its containers fail, and nothing is grown on it"),
			 pool_make_writable(&pool->facts));
	else
		report_good(pool);
	if (forecast_is_bad(&pool->forecast, pool->extender.by))
		report_filling(pool);
}

/* For those who trim, and for those who wonder why a pool never becomes emptier. */
static void check_discards(const struct pool *pool)
{
	const struct thin_pool *status = pool->status;
	const struct trim_pool of = {.name = status->name,
				     .discards = status->discards,
				     .told_to_keep = status->told_to_keep};
	const char *note = trim_pool_note(&of);

	if (*note && !status->failed)
		findings_add(&pool->doctor->findings, SEVERITY_OK, "pool-discards",
			     pool->device->name, text_new("%s", note), NULL, NULL);
}

/* --- is it extended automatically? ----------------------------------------------------------- */

static char *describe_extender(const struct pool *pool)
{
	const struct pool_extender *extender = &pool->extender;
	const struct forecast *forecast = &pool->forecast;
	const char *name = quote(pool->device->name);
	struct text when, full = {""};

	if (forecast->fills)
		text_into(&full, "; at the present rate it is full in %s",
			  forecast_into(&when, forecast->seconds));
	switch (extender->by) {
	case EXTENDER_DMEVENTD:
		return text_new("dmeventd extends pool %s when it is %lu %% full (%s)%s", name,
				extender->percent, extender->lvm.source ? extender->lvm.source : "",
				full.s);
	case EXTENDER_STRATIS:
		return text_new("stratisd extends pool %s%s", name, full.s);
	case EXTENDER_NOBODY:
		break;
	}
	return text_new("nothing extends pool %s automatically%s%s%s", name,
			extender->reason ? ": " : "", extender->reason ? extender->reason : "",
			full.s);
}

/* --- all pools ------------------------------------------------------------------------------- */

/* The names of the pool's active thin devices; the array is to be freed, the names are not. */
static const char **thins_of(const struct doctor *doctor, dev_t pool, size_t *ret_n)
{
	const char **names = calloc(doctor->n_devices + 1, sizeof(*names));

	*ret_n = 0;
	for (size_t i = 0; names && i < doctor->n_devices; i++) {
		if (doctor->devices[i].device.pool == pool)
			names[(*ret_n)++] = doctor->devices[i].device.name;
	}
	return names;
}

static void examine_pool(struct doctor *doctor, const struct daemon_state *running,
			 const struct thin_device *device, const struct thin_pool *status)
{
	_cleanup_free_ const char **thins = NULL;
	struct pool pool = {.doctor = doctor, .device = device, .status = status};
	struct pool_facts *facts = &pool.facts;
	dev_t metadata, data;

	*facts = (struct pool_facts){
		.name = device->name,
		.uuid = device->uuid,
		.params = device->params,
		.sectors = device->sectors,
		.block_sectors = status->block_sectors,
		.data_used_blocks = status->data_used_blocks,
		.metadata_blocks = status->metadata_blocks,
		.data_percent = doctor->policy->pool_guard.data_percent,
	};
	thins = thins_of(doctor, device->dev, &facts->n_thins);
	facts->thins = thins;
	pool_extender_look(&extender_host, device->name, device->uuid, thin_pool_data_bytes(status),
			   &pool.extender);
	forecast_pool(running, status, &pool.forecast);
	if (pool.extender.is_lvm)
		facts->lvm = &pool.extender.lvm;
	if (pool_devices(device->params, &metadata, &data) == 0) {
		pool_backing_look("/sys", metadata, &facts->metadata);
		pool_backing_look("/sys", data, &facts->data);
	}
	check_state(&pool);
	check_discards(&pool);
	findings_add(&doctor->findings, SEVERITY_OK, "pool-autoextend", device->name,
		     describe_extender(&pool), NULL, NULL);
	pool_extender_free(&pool.extender);
	pool_backing_free(&facts->metadata);
	pool_backing_free(&facts->data);
}

void doctor_pools(struct doctor *doctor)
{
	_cleanup_(daemon_state_free) struct daemon_state running = {0};
	size_t pools = 0;

	daemon_state_now(doctor->run_dir, &running);

	for (size_t i = 0; i < doctor->n_devices; i++) {
		const struct thin_device *device = &doctor->devices[i].device;
		_cleanup_(thin_pool_free) struct thin_pool status = {0};
		struct why why;

		if (strcmp(device->target, "thin-pool") != 0 ||
		    !policy_allows_pool(device->name, doctor->policy))
			continue;
		pools++;
		if (thin_pool_status(device->dev, &status, &why) == 0)
			examine_pool(doctor, &running, device, &status);
		else
			findings_add(&doctor->findings, SEVERITY_BROKEN, "pool-unreadable",
				     device->name, text_new("%s", why.text), NULL, NULL);
	}
	if (!pools)
		findings_add(&doctor->findings, SEVERITY_WARNING, "pool", NULL,
			     text_new("the configuration allows no active thin pool"),
			     text_new("no container's disk is a thin device; the engine makes "
				      "or names the pool"),
			     NULL);
}
