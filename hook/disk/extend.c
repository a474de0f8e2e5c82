/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/extend.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

static int look_again(struct thin_device *device, struct why *why)
{
	struct thin_device now = {0};
	int r = thin_lookup(device->dev, &now, why);

	if (r == -ENODEV)
		return why_set(why, ENODEV, "the device is gone");
	if (r < 0)
		return r;
	if (!thin_is_same(device, &now)) {
		r = why_set(why, ESTALE,
			    "another program changed device %s meanwhile: it is now %s with the "
			    "table \"%s %s\"",
			    quote(device->name), quote(now.name), now.target, quote(now.params));
		thin_device_free(&now);
		return r;
	}
	thin_device_free(device);
	*device = now;
	return 0;
}

/* The pool accepts tables again only some time after it has resumed its devices. */
static int is_pool_suspended(const struct thin_device *device, struct why *why)
{
	struct thin_device pool = {0};
	int r = thin_lookup(device->pool, &pool, why);

	if (r == 0)
		r = pool.suspended;
	thin_device_free(&pool);
	return r;
}

int extend_timed_out(const struct thin_device *device, struct why *why)
{
	struct thin_device pool = {0};
	struct why unused;

	if (!device->pool_suspended || thin_lookup(device->pool, &pool, &unused) < 0)
		return why_set(why, ETIMEDOUT, "device %s is still suspended by another program",
			       quote(device->name));
	why_set(why, 0, "device %s is still suspended, because its pool %s is", quote(device->name),
		quote(pool.name));
	thin_device_free(&pool);
	return -ETIMEDOUT;
}

/*
 * If another program suspended the device, it may be an engine between suspend and create_snap:
 * resuming the device would corrupt that snapshot. If the pool is suspended, the pool resumes the
 * device. So wait in both cases.
 */
int extend_wait_until_live(struct thin_device *device, const struct deadline *deadline,
			   struct why *why)
{
	for (;;) {
		int r = is_pool_suspended(device, why);

		if (r > 0)
			device->pool_suspended = true;
		else if (r == 0)
			r = look_again(device, why);
		if (r < 0 || (r == 0 && !device->suspended))
			return r;
		if (!deadline_pause(deadline, LOOK_AGAIN_MS))
			return extend_timed_out(device, why);
	}
}

/*
 * Never shorter than the device is now: an operator with dmsetup does not take our lock. A pool
 * refuses tables (EINVAL) from before it suspends the first of its devices, which may be long
 * before it suspends this one.
 */
static int load_longer(struct thin_device *device, uint64_t *sectors,
		       const struct deadline *deadline, struct why *why)
{
	for (unsigned int pause_ms = LOOK_AGAIN_MS;; pause_ms *= 2) {
		int r = extend_wait_until_live(device, deadline, why);

		if (r < 0)
			return r;
		if (*sectors < device->sectors)
			*sectors = device->sectors;
		r = thin_load(device, *sectors);
		if (r == 0)
			return 0;
		if ((r == -EINVAL || r == -EBUSY) && deadline_pause(deadline, pause_ms))
			continue;
		if (r == -EINVAL && extend_wait_until_live(device, deadline, why) == -ETIMEDOUT)
			return -ETIMEDOUT;
		return why_set(why, -r, "loading a table of %" PRIu64 " sectors: %s", *sectors,
			       strerror(-r));
	}
}

/*
 * A swap of ours that got as far as suspending the device has used up the inactive table. If the
 * device is suspended and the table is still there, another program suspended it. If the lookup
 * fails, assume that it is ours: leaving it suspended is the greater risk.
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

static int left_suspended(const struct thin_device *device, int r, struct why *why)
{
	_cleanup_free_ char *name = quote_word(device->name);

	return why_set(why, EIO,
		       "resuming the device: %s; it is left suspended, run \"dmsetup resume %s\"",
		       strerror(-r),
		       name ? name : text("-j %u -m %u", major(device->dev), minor(device->dev)));
}

/*
 * A swap that fails may leave the device suspended. It was not suspended before, so we have to
 * resume it, with the old table if need be. If the pool was suspended meanwhile, the kernel resumes
 * the device only after the pool, and nobody else would do it then: wait, past the deadline, too.
 * 1; 0: the swap did not suspend it; -errno.
 */
static int resume_own(const struct thin_device *device)
{
	int r;

	if (!is_left_suspended(device->dev))
		return 0;
	do {
		r = thin_swap(device->dev, false);
	} while (r == -EINTR && is_left_suspended(device->dev));
	/* Another program may have resumed it meanwhile. */
	return r < 0 && is_left_suspended(device->dev) ? r : 1;
}

static int swap(const struct thin_device *device, bool freeze, struct why *why)
{
	int r = thin_swap(device->dev, freeze), own;

	if (r == 0)
		return 0;
	own = resume_own(device);
	if (own < 0)
		return left_suspended(device, own, why);
	return why_set(why, -r, "resuming the device with its new table: %s%s", strerror(-r),
		       r != -EINTR ? ""
		       : own	   ? " (it took too long)"
				   : " (it took too long; the device is unchanged)");
}

int extend_device(struct thin_device *device, uint64_t sectors, bool freeze,
		  const struct deadline *deadline, struct why *why)
{
	uint64_t before = device->sectors;
	int r;

	do {
		r = load_longer(device, &sectors, deadline, why);
		if (r < 0)
			return r;
		r = extend_wait_until_live(device, deadline, why);
		if (r == -ESTALE)
			thin_unload(device, sectors);
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
			       "the device should have %" PRIu64 " sectors and has %" PRIu64
			       " (%" PRIu64 " before): another program changed its table",
			       sectors, device->sectors, before);
	return 0;
}
