/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/prune.h"

#include "base/cleanup.h"
#include "disk/ledger.h"
#include "disk/thin.h"

#include <string.h>

struct active {
	struct thin_device *devices;
	size_t n;
};

struct pruner {
	const struct prune_order *order;
	struct active active; /* as it was when we began */
};

static int note_active(dev_t dev, void *context)
{
	struct active *active = context;
	struct thin_device device, *more;
	struct why unused;

	if (thin_lookup(dev, &device, &unused) < 0)
		return 0;
	more = device.pool ? realloc(active->devices, (active->n + 1) * sizeof(*more)) : NULL;
	if (!more) { /* what is not noted can only keep an entry */
		thin_device_free(&device);
		return 0;
	}
	more[active->n++] = device;
	active->devices = more;
	return 0;
}

static void free_active(struct active *active)
{
	for (size_t i = 0; i < active->n; i++)
		thin_device_free(&active->devices[i]);
	free(active->devices);
}

static bool is_device(const struct thin_device *device, dev_t pool, uint32_t thin_id)
{
	return device->pool == pool && device->thin_id == thin_id;
}

/* Is the thin id that of an active device of another name? Looks again: it may be gone since. */
static bool has_other_owner(const struct active *active, const struct ledger_entry *entry,
			    dev_t pool)
{
	for (size_t i = 0; i < active->n; i++) {
		_cleanup_(thin_device_free) struct thin_device now = {0};
		const char *name = active->devices[i].name;
		struct why unused;

		if (is_device(&active->devices[i], pool, entry->thin_id) &&
		    strcmp(name, THIN_PROBE) != 0 && strcmp(name, entry->device) != 0 &&
		    thin_lookup_name(name, &now, &unused) == 0 &&
		    is_device(&now, pool, entry->thin_id))
			return true;
	}
	return false;
}

static bool is_gone(const struct ledger_entry *entry, void *context)
{
	_cleanup_(thin_device_free) struct thin_device pool = {0}, device = {0};
	const struct pruner *pruner = context;
	struct why unused;
	int r;

	if (thin_lookup_name(entry->pool, &pool, &unused) < 0 ||
	    strcmp(pool.target, "thin-pool") != 0)
		return false;
	r = thin_lookup_name(entry->device, &device, &unused);
	if (r == 0)
		return device.pool && !is_device(&device, pool.dev, entry->thin_id);
	if (r != -ENODEV && r != -ENXIO)
		return false;
	return has_other_owner(&pruner->active, entry, pool.dev) ||
	       thin_has(pool.dev, entry->thin_id, &unused) == 0;
}

static bool prune_one(const struct ledger_entry *entry, void *context)
{
	const struct pruner *pruner = context;
	bool gone = is_gone(entry, context);

	if (gone)
		pruner->order->tell(entry->device, pruner->order->context);
	return gone && !pruner->order->dry_run;
}

int prune_ledger(const struct prune_order *order, struct why *why)
{
	struct pruner pruner = {.order = order};
	int r;

	thin_init();
	r = thin_each(note_active, &pruner.active, why);
	if (r >= 0)
		r = ledger_prune(order->ledger_dir, prune_one, &pruner, why);
	free_active(&pruner.active);
	return r < 0 ? r : 0;
}
