/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/locate.h"

#include "base/quote.h"
#include "base/text.h"

#include <errno.h>
#include <sys/sysmacros.h>

int locate_thin(const struct rootfs *rootfs, struct thin_device *ret, struct why *why)
{
	int r;

	*ret = (struct thin_device){0};
	if (rootfs->dev == 0) {
		why_set(why, 0,
			"rootfs is %s, not a thin device; its space is the host filesystem's",
			quote_unless_printable(rootfs->fs_name));
		return 0;
	}
	r = thin_lookup(rootfs->dev, ret, why);
	if (r == -ENODEV) {
		why_set(why, 0, "rootfs is %s on block device %u:%u, not a thin device",
			rootfs->fs_name, major(rootfs->dev), minor(rootfs->dev));
		return 0;
	}
	if (r < 0)
		return r;
	if (thin_check_plain(ret, why) < 0 || rootfs_check_exclusive(rootfs, why) < 0)
		return why_prefix(why, 0, text("rootfs is %.32s", rootfs->fs_name));
	return 1;
}
