/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/prune.h"

#include "base/cleanup.h"
#include "disk/ledger.h"
#include "disk/thin.h"

#include <string.h>

bool prune_is_gone(const struct ledger_entry *entry)
{
	_cleanup_(thin_device_free) struct thin_device pool = {0};
	struct why unused;

	return thin_lookup_name(entry->pool, &pool, &unused) == 0 &&
	       strcmp(pool.target, "thin-pool") == 0 &&
	       thin_has(&pool, entry->thin_id, &unused) == 0;
}

static bool prune_if_gone(const struct ledger_entry *entry, void *context)
{
	const struct prune_order *order = *(const struct prune_order **)context;
	bool gone = prune_is_gone(entry);

	if (gone)
		order->report(entry->device, order->context);
	return gone && !order->dry_run;
}

int prune_ledger(const struct prune_order *order, struct why *why)
{
	int r;

	r = ledger_prune(order->ledger_dir, prune_if_gone, &order, why);
	return r < 0 ? r : 0;
}
