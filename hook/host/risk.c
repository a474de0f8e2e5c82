/* SPDX-License-Identifier: Apache-2.0 */
#include "host/risk.h"

#include "base/minmax.h"
#include "engine/engine.h"
#include "job/settings.h"

#define LOOK_MS 200 /* a device that stays suspended longer is not looked at */

void risk_look(const struct thin_device *thin, const struct policy *policy, const char *run_dir,
	       const char *ledger_dir, struct risk_device *ret)
{
	struct heal_order order = settings_heal_order(policy);
	struct heal_report report;
	struct why unused;

	order.timeout_ms = LOOK_MS;
	order.dry_run = true;
	order.run_dir = run_dir;
	order.ledger_dir = ledger_dir;
	*ret = (struct risk_device){.thin_id = thin->thin_id, .healing = HEAL_NOT_APPLICABLE};
	if (heal_device(thin->dev, &order, &report, &unused) == 0 && report.device.name &&
	    thin_is_same(&report.device, thin)) {
		ret->healing = report.result;
		ret->want_sectors = report.want_sectors;
		ret->intended = report.intended_sectors != 0;
	}
	heal_report_free(&report);
}

static uint64_t needed_bytes(const struct risk_facts *facts, const struct ledger_entry *entry)
{
	uint64_t needed = facts->disk->filesystem_bytes;

	if (facts->device)
		needed = larger(needed, facts->device->want_sectors * SECTOR_BYTES);
	return entry ? larger(needed, entry->sectors * SECTOR_BYTES) : needed;
}

/* A mounted device is long enough for its filesystem, even if a growth of it is unfinished. */
static bool is_too_short(const struct risk_facts *facts)
{
	const struct risk_device *device = facts->device;

	return device && device->healing == HEAL_DONE &&
	       !(device->intended && facts->disk->filesystem_bytes);
}

/* A device that was only given to a virtual machine has an entry, too. */
static bool is_of_growth(const struct ledger_entry *entry)
{
	return entry && (!entry->in_vm || entry->first_sectors);
}

struct risk_verdict risk_judge(const struct risk_facts *facts)
{
	const struct ledger_entry *entry = facts->entry;
	uint64_t remembered = facts->disk->container->remembered;
	struct risk_verdict verdict = {.risk = RISK_NONE};

	/* The entry is for another device that had this name before. */
	if (entry && facts->device && entry->thin_id != facts->device->thin_id)
		entry = NULL;
	verdict.needed_bytes = needed_bytes(facts, entry);
	if (!engine_names_device(facts->disk->device) || facts->disk->container->in_pod)
		return verdict;
	/* If the engine's files do not say, a ledger entry means that we grew it. */
	verdict.grown = remembered ? verdict.needed_bytes > remembered : is_of_growth(entry);
	verdict.unhealed = verdict.grown && !facts->healed;
	if (is_too_short(facts))
		verdict.risk = RISK_TOO_SHORT;
	else if (verdict.unhealed)
		verdict.risk = RISK_NOT_HEALED;
	else if (entry && entry->state == LEDGER_INTENDED &&
		 (!facts->daemon || ledger_is_cut_short(entry)))
		verdict.risk = RISK_UNFINISHED;
	return verdict;
}
