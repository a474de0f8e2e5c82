/* SPDX-License-Identifier: Apache-2.0 */
#include "host/outlook.h"

#include "base/cleanup.h"
#include "base/minmax.h"
#include "disk/lock.h"
#include "engine/engine.h"
#include "job/settings.h"

struct outlook_order outlook_order_host(const struct policy *policy, struct healing *host)
{
	healing_host(host);
	return (struct outlook_order){
		.policy = policy,
		.host = host,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
	};
}

/* A mounted device is long enough for its filesystem: heal need not look at it. */
static void look_at_device(const struct inventory *disk, const struct outlook_order *order,
			   struct risk_device *ret)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct why unused;

	*ret = (struct risk_device){.thin_id = disk->thin_id, .healing = HEAL_KEPT};
	if (!disk->filesystem_bytes && thin_lookup(disk->dev, &device, &unused) == 0 && device.pool)
		risk_look(&device, order->policy, order->run_dir, order->ledger_dir, ret);
}

static void judge_risk(struct outlook *outlook, const struct outlook_order *order)
{
	const struct inventory *disk = &outlook->disk;
	struct risk_device device = {0};
	struct risk_facts facts = {
		.disk = disk,
		.device = disk->dev ? &device : NULL,
		.entry = outlook->noted ? &outlook->entry : NULL,
		.daemon = outlook->daemon,
	};

	if (disk->dev)
		look_at_device(disk, order, &device);
	healing_device(order->host, disk->dev, disk->device, &outlook->healing);
	facts.healed = outlook->healing.armed;
	outlook->verdict = risk_judge(&facts);
}

static bool is_noted(const struct inventory *disk, const struct outlook_order *order,
		     struct ledger_entry *ret)
{
	struct why unused; /* doctor reports a damaged one */

	return ledger_read(order->ledger_dir, disk->device, ret, &unused) > 0 &&
	       (!disk->dev || ret->thin_id == disk->thin_id);
}

/* The engine re-creates the device with the size that it remembers; heal then extends it. */
static void look_ahead(struct outlook *outlook)
{
	const struct inventory *disk = &outlook->disk;
	const struct engine_container *container = disk->container;
	uint64_t needed = outlook->verdict.needed_bytes;

	outlook->engine_bytes = container->remembered;
	if (!outlook->engine_bytes && outlook->noted)
		outlook->engine_bytes = outlook->entry.first_sectors * SECTOR_BYTES;
	outlook->size_bytes = disk->device_bytes;
	if (!container->pid)
		outlook->size_bytes = larger(outlook->size_bytes, needed);
	if (!outlook->size_bytes)
		outlook->size_bytes = container->remembered;
	outlook->next_bytes = larger(needed, container->remembered);
	if (!outlook->next_bytes)
		outlook->next_bytes = disk->device_bytes;
	if (container->in_pod)
		outlook->next = NEXT_NEW_DISK;
	else if (outlook->verdict.risk >= RISK_NOT_HEALED)
		outlook->next = NEXT_FAILS;
	if (outlook->next != NEXT_STARTS)
		outlook->next_bytes = 0;
}

void outlook_of(struct inventory *disk, const struct outlook_order *order, struct outlook *ret)
{
	*ret = (struct outlook){.disk = *disk, .next = NEXT_STARTS};
	ret->noted = is_noted(&ret->disk, order, &ret->entry);
	ret->daemon =
		outlook_is_unfinished(ret) && settings_has_daemon(order->policy, order->run_dir);
	ret->in_vm = inventory_is_in_vm(&ret->disk, ret->noted && ret->entry.in_vm);
	judge_risk(ret, order);
	look_ahead(ret);
}

int outlook_look(const struct engine_container *container, const struct outlook_order *order,
		 struct outlook *ret)
{
	struct inventory disk = {0};

	*ret = (struct outlook){0};
	if (!inventory_look(container, order->policy, &disk) || !disk.device)
		return 0;
	outlook_of(&disk, order, ret);
	return 1;
}

void outlook_free(struct outlook *outlook)
{
	inventory_free(&outlook->disk);
}

bool outlook_needs_healing(const struct outlook *outlook)
{
	return outlook->disk.device && engine_names_device(outlook->disk.device) &&
	       outlook->next != NEXT_NEW_DISK;
}

bool outlook_is_unfinished(const struct outlook *outlook)
{
	return outlook->noted && outlook->entry.state == LEDGER_INTENDED;
}

bool outlook_grows_later(const struct outlook *outlook)
{
	return outlook->daemon && outlook_is_unfinished(outlook) &&
	       !ledger_is_cut_short(&outlook->entry);
}

const char *outlook_progress_into(struct size_text *out, const struct outlook *outlook)
{
	const struct ledger_entry *entry = &outlook->entry;
	uint64_t now = outlook->disk.filesystem_bytes;

	return size_part_into(out, now ? now : entry->paused_sectors * SECTOR_BYTES,
			      entry->sectors * SECTOR_BYTES);
}
