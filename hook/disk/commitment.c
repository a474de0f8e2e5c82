/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/commitment.h"

#include "base/cleanup.h"
#include "disk/ledger.h"

#include <string.h>

struct promise {
	uint32_t thin_id;
	uint64_t sectors;
};

struct count {
	const struct thin_device *but;
	const char *pool_name;
	struct promise *promises;
	size_t n;
	int error;
};

static void add(struct count *count, uint32_t thin_id, uint64_t sectors)
{
	struct promise *more;

	if (thin_id == count->but->thin_id)
		return;
	for (size_t i = 0; i < count->n; i++) {
		if (count->promises[i].thin_id != thin_id)
			continue;
		if (count->promises[i].sectors < sectors)
			count->promises[i].sectors = sectors;
		return;
	}
	more = realloc(count->promises, (count->n + 1) * sizeof(*more));
	if (!more) {
		count->error = -ENOMEM;
		return;
	}
	more[count->n++] = (struct promise){thin_id, sectors};
	count->promises = more;
}

static int add_active(dev_t dev, void *context)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct count *count = context;
	struct why unused;

	/* What is gone again, or cannot be read, is no thin device that we could count. */
	if (thin_lookup(dev, &device, &unused) == 0 && device.pool == count->but->pool)
		add(count, device.thin_id, device.sectors);
	return 0;
}

static void add_entry(const struct ledger_entry *entry, void *context)
{
	struct count *count = context;

	if (strcmp(entry->pool, count->pool_name) == 0)
		add(count, entry->thin_id, entry->sectors);
}

int commitment_of_others(const char *ledger_dir, const char *pool_name,
			 const struct thin_device *device, uint64_t *ret_sectors, struct why *why)
{
	struct count count = {.but = device, .pool_name = pool_name};
	uint64_t sum = 0;
	int r = thin_each(add_active, &count, why);

	if (r >= 0)
		r = ledger_each(ledger_dir, add_entry, &count, why);
	if (r >= 0 && count.error)
		r = why_set(why, ENOMEM, "out of memory");
	for (size_t i = 0; i < count.n; i++) {
		if (sum < UINT64_MAX / 2) /* a sum that large is refused in any case */
			sum += count.promises[i].sectors;
	}
	free(count.promises);
	if (r < 0)
		return r;
	*ret_sectors = sum;
	return 0;
}
