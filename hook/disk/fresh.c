/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/fresh.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "disk/extend.h"
#include "disk/ledger.h"
#include "disk/superblock.h"
#include "disk/vm-mark.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* udev's rules open each new device for some milliseconds, on a busy host for longer. */
#define UDEV_MS 2000

/*
 * btrfs is missing on purpose: the kernel takes two devices with one filesystem UUID, such as
 * snapshots of one image, for the same filesystem.
 */
static const struct {
	unsigned int superblock;
	enum fs_type type;
	const char *flag; /* an XFS with the UUID of one that is mounted is refused otherwise */
} mountable[] = {
	{SUPERBLOCK_EXT4, FS_EXT4, NULL},
	{SUPERBLOCK_XFS, FS_XFS, "nouuid"},
};

static int read_same(const struct thin_device *device, struct thin_device *ret, struct why *why)
{
	int r = thin_lookup(device->dev, ret, why);

	if (r == -ENODEV || r == -ENXIO)
		return why_set(why, ESTALE, "it is gone");
	if (r == 0 && !thin_is_same(device, ret))
		return why_set(why, ESTALE, "another device has its number now");
	return r;
}

/* Until exactly @opens have it open, who are ours, and it is not suspended. */
static int wait_for_opens(const struct thin_device *device, unsigned int opens,
			  const struct deadline *deadline, struct why *why)
{
	for (;;) {
		_cleanup_(thin_device_free) struct thin_device now = {0};
		int r = read_same(device, &now, why);

		if (r < 0 || (now.opens == opens && !now.suspended))
			return r;
		if (deadline_pause(deadline, LOOK_AGAIN_MS))
			continue;
		if (now.opens == opens)
			return why_set(why, EBUSY, "it is suspended");
		return why_set(why, EBUSY, "it is in use: mounted, or open in another program");
	}
}

static int wait_for_udev(const struct thin_device *device, unsigned int opens, struct why *why)
{
	const struct deadline deadline = {.end_ms = now_ms() + UDEV_MS};

	return wait_for_opens(device, opens, &deadline, why);
}

static int check_unmarked(const struct thin_device *device, const char *ledger_dir, struct why *why)
{
	int r = vm_mark_read(device, ledger_dir, why);

	if (r > 0)
		return why_set(why, EPERM,
			       "it was given to a virtual machine, whose guest may have written "
			       "anything to it: it must not be mounted here");
	return r;
}

static int check_usable(const struct thin_device *device, const char *ledger_dir, struct why *why)
{
	int r = thin_check_plain(device, why);

	if (r < 0)
		return r;
	if (device->read_only)
		return why_set(why, EROFS, "it is read-only");
	if (device->deferred_remove)
		return why_set(why, EBUSY, "it is about to be removed");
	return check_unmarked(device, ledger_dir, why);
}

/* Returns the row of mountable[]; -ENOTSUP. */
static int find_filesystem(int device_fd, struct why *why)
{
	struct superblock sb = {0};
	int r = superblock_read(device_fd, &sb);

	if (r < 0)
		return why_set(why, -r, "reading its superblock: %s", strerror(-r));
	for (size_t i = 0; i < COUNT(mountable); i++) {
		if (sb.type == mountable[i].superblock)
			return (int)i;
	}
	if (sb.type == SUPERBLOCK_BTRFS)
		return why_set(why, ENOTSUP, "btrfs can be grown only while it is mounted");
	return why_set(why, ENOTSUP, "it has no filesystem that can be grown");
}

/* By the open device, not by its name: what is mounted is what was looked at. */
static int mount_detached(int device_fd, int row, struct why *why)
{
	const char *type = fs_type_name(mountable[row].type);
	_cleanup_close_ int fs = call_fsopen(type);
	char source[32];
	int r;

	if (fs == -ENOSYS)
		return why_set(why, ENOTSUP, "Linux before 5.2 cannot mount it unseen");
	if (fs < 0)
		return why_set(why, -fs, "fsopen %s: %s", type, strerror(-fs));
	snprintf(source, sizeof(source), "/proc/self/fd/%d", device_fd);
	r = call_fsconfig(fs, "source", source);
	if (r == 0 && mountable[row].flag)
		r = call_fsconfig(fs, mountable[row].flag, NULL);
	if (r == 0)
		r = call_fscreate(fs);
	if (r == 0)
		r = call_fsmount(fs);
	return r < 0 ? why_set(why, -r, "mounting its %s: %s", type, strerror(-r)) : r;
}

static int open_mount(int mount_fd, const struct thin_device *device, int row, struct rootfs *ret,
		      struct why *why)
{
	_cleanup_close_ int fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum fs_type type = mountable[row].type;
	struct statx stx;
	char *name;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, 0, &stx) < 0)
		return why_set(why, errno, "its mount: %s", strerror(errno));
	if (makedev(stx.stx_dev_major, stx.stx_dev_minor) != device->dev)
		return why_set(why, ESTALE, "its mount is on device %u:%u", stx.stx_dev_major,
			       stx.stx_dev_minor);
	name = strdup(fs_type_name(type));
	if (!name)
		return why_no_memory(why);
	*ret = (struct rootfs){.fd = TAKE_FD(fd), .dev = device->dev, .fs = type, .fs_name = name};
	return 0;
}

static bool is_cut_short(const struct thin_device *device, const char *ledger_dir)
{
	struct ledger_entry entry;
	struct why unread;

	return ledger_read(ledger_dir, device->name, &entry, &unread) > 0 &&
	       entry.thin_id == device->thin_id && ledger_is_cut_short(&entry);
}

static int replay(const struct thin_device *device, int device_fd, int row, struct why *why)
{
	int r = mount_detached(device_fd, row, why);

	if (r < 0)
		return r;
	close(r);
	return wait_for_udev(device, 1, why);
}

/*
 * The open descriptor pins the device's number. Of two processes that try at once, each sees that
 * the other has the device open, and waits until it has closed it; it may have marked it by then.
 */
static int open_pinned(const struct thin_device *device, const char *ledger_dir, struct rootfs *ret,
		       struct why *why)
{
	_cleanup_close_ int device_fd = superblock_open(device->dev), mount_fd = -EBADF;
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	int row, r;

	if (device_fd < 0)
		return why_set(why, -device_fd, "opening it: %s", strerror(-device_fd));
	r = wait_for_udev(device, 1, why);
	if (r == 0)
		r = check_unmarked(device, ledger_dir, why);
	row = r < 0 ? r : find_filesystem(device_fd, why);
	if (row < 0)
		return row;
	if (is_cut_short(device, ledger_dir))
		r = replay(device, device_fd, row, why);
	mount_fd = r < 0 ? r : mount_detached(device_fd, row, why);
	r = mount_fd < 0 ? mount_fd : open_mount(mount_fd, device, row, &rootfs, why);
	if (r == 0)
		r = wait_for_udev(device, 2, why);
	if (r < 0)
		return r;
	*ret = rootfs;
	rootfs = (struct rootfs){.fd = -EBADF};
	return 0;
}

int fresh_open(const struct thin_device *device, const char *ledger_dir, struct rootfs *ret,
	       struct why *why)
{
	int r = check_usable(device, ledger_dir, why);

	if (r == 0)
		r = open_pinned(device, ledger_dir, ret, why);
	return r < 0 ? why_prefix(why, r, text("device %s", quote(device->name))) : 0;
}

int fresh_wait_closed(const struct thin_device *device, const struct deadline *deadline,
		      struct why *why)
{
	int r = wait_for_opens(device, 0, deadline, why);

	return r < 0 ? why_prefix(why, r, text("device %s", quote(device->name))) : 0;
}
