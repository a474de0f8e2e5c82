/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/rule.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "disk/lock.h"
#include "disk/rule-file.h"

#include <fcntl.h>
#include <libudev.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MARK "OCI_THIN_GROW_COOKIE" /* the rule's property */
#define SAID "not-healed.said"

/* libdm.h's DM_COOKIE: flags in the upper half; without a number below nobody waits for it. */
#define COOKIE_NUMBER 0xffff

/* An event that no libdm sent, such as `udevadm trigger`: the rule is there, and no more is known.
 */
#define MARK_OTHER "none"

static void cleanup_udev(struct udev **udev)
{
	udev_unref(*udev);
}

static void cleanup_device(struct udev_device **device)
{
	udev_device_unref(*device);
}

static int judge(struct udev_device *device, const char *name, struct why *why)
{
	const char *mark, *known;

	if (!device || udev_device_get_is_initialized(device) <= 0)
		return why_set(why, ENOENT, "udev does not know it; is systemd-udevd running?");
	/* What a udevd that is no more knew of another device with this number counts for nothing.
	 */
	known = udev_device_get_property_value(device, "DM_NAME");
	if (known && strcmp(known, name) != 0)
		return why_set(why, ENOENT, "udev takes it for %s; is systemd-udevd running?",
			       quote(known));
	mark = udev_device_get_property_value(device, MARK);
	if (!mark)
		return why_set(why, ENOENT,
			       "the udev rule " RULE_NAME " has not seen it; install it and run "
			       "\"udevadm control --reload\"");
	if (strcmp(mark, MARK_OTHER) != 0 && !(strtoul(mark, NULL, 10) & COOKIE_NUMBER))
		return why_set(why, ENOTSUP,
			       "its engine does not wait for udev (for Docker see \"Udev Sync "
			       "Supported\" in docker info)");
	return 0;
}

int rule_check(dev_t dev, const char *name, struct why *why)
{
	_cleanup_(cleanup_udev) struct udev *udev = udev_new();
	_cleanup_(cleanup_device) struct udev_device *device =
		udev ? udev_device_new_from_devnum(udev, 'b', dev) : NULL;

	return judge(device, name, why);
}

int rule_check_once(const char *run_dir, dev_t dev, const char *name, struct why *why)
{
	struct why ignored;
	_cleanup_close_ int dir = lock_open_dir(run_dir, &ignored), fd = -EBADF;

	if (dir >= 0 && faccessat(dir, SAID, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (rule_check(dev, name, why) == 0)
		return 0;
	if (dir >= 0)
		fd = openat(dir, SAID, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	/* Two at once: one of them says it. A note that cannot be made: rather twice than never. */
	return !(fd < 0 && errno == EEXIST && dir >= 0);
}
