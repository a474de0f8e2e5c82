/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/extend.h"

#include "base/quote.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/*
 * A device that somebody else suspended is an engine between suspend and create_snap: resuming it
 * would tear that snapshot. It is waited for.
 */
int extend_wait_until_live(struct thin_device *device, const struct deadline *deadline,
			   struct why *why)
{
	for (;;) {
		struct thin_device now;
		int r = thin_lookup(device->dev, &now, why);

		if (r == -ENODEV)
			return why_set(why, ENODEV, "the device is gone");
		if (r < 0)
			return r;
		thin_device_free(device);
		*device = now;
		if (!now.suspended)
			return 0;
		if (!deadline_pause(deadline))
			return why_set(why, ETIMEDOUT,
				       "device %s is suspended by somebody else for too long",
				       quote(now.name));
	}
}

/* The kernel says EINVAL also while the pool is suspended, which never lasts. */
static int load(const struct thin_device *device, uint64_t sectors, const struct deadline *deadline)
{
	int r;

	do {
		r = thin_load(device, sectors);
	} while ((r == -EINVAL || r == -EBUSY) && deadline_pause(deadline));
	return r;
}

/*
 * A swap that got as far as suspending has used up the inactive table: one that is suspended and
 * still has it was suspended by somebody else. Without an answer, not resuming is the greater risk.
 */
static bool is_left_suspended(dev_t dev)
{
	struct thin_device now = {0};
	struct why ignored;
	bool left = true;

	if (thin_lookup(dev, &now, &ignored) == 0)
		left = now.suspended && !now.inactive_table;
	thin_device_free(&now);
	return left;
}

/*
 * Swaps the loaded table in. A swap that fails may leave the device suspended; it was not when we
 * found it, so it is ours to resume, with the old table if need be.
 */
static int swap(const struct thin_device *device, bool freeze, struct why *why)
{
	int r = thin_swap(device->dev, freeze);

	if (r < 0) {
		if (is_left_suspended(device->dev) && thin_swap(device->dev, false) < 0)
			return why_set(why, -r,
				       "resuming the device: %s; it is left suspended, run "
				       "\"dmsetup resume %s\"",
				       strerror(-r), device->name);
		return why_set(why, -r, "resuming the device with its new table: %s%s",
			       strerror(-r),
			       r == -EINTR ? " (it took too long; nothing has changed)" : "");
	}
	return 0;
}

int extend_device(struct thin_device *device, uint64_t sectors, bool freeze,
		  const struct deadline *deadline, struct why *why)
{
	uint64_t before = device->sectors;
	int r;

	do {
		/* An operator with dmsetup takes no lock of ours. */
		if (sectors < device->sectors)
			sectors = device->sectors;
		r = load(device, sectors, deadline);
		if (r < 0)
			return why_set(why, -r, "loading a table of %" PRIu64 " sectors: %s",
				       sectors, strerror(-r));
		r = extend_wait_until_live(device, deadline, why);
		if (r < 0)
			return r;
	} while (device->sectors > sectors);
	r = swap(device, freeze, why);
	if (r == 0)
		r = extend_wait_until_live(device, deadline, why);
	if (r < 0)
		return r;
	if (device->sectors < sectors)
		return why_set(why, EIO,
			       "device was to have %" PRIu64 " sectors and has %" PRIu64
			       " (%" PRIu64 " before): somebody else changed its table",
			       sectors, device->sectors, before);
	return 0;
}
