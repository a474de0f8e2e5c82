/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/rootfs.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/syscalls.h"
#include "disk/thin.h"

#include <fcntl.h>
#include <libmount/libmount.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define MOUNTINFO	"/proc/self/mountinfo"
#define XFS_SUPER_MAGIC 0x58465342 /* not in older linux/magic.h */

/*
 * How far below the top of its mount a rootfs may be: engines use one level (Docker's rootfs/),
 * bundles made by hand two. Deeper is a directory in a filesystem with other contents (the vfs
 * drivers).
 */
#define LEVELS_MAX	2
#define EXT4_ROOT_INODE 2 /* EXT4_ROOT_INO in fs/ext4/ext4.h */
#define DEEP		"it is a directory inside a larger filesystem, not a disk of its own"

static const struct {
	long magic;
	enum fs_type type;
	const char *name;
} known_fs[] = {
	{EXT4_SUPER_MAGIC, FS_EXT4, "ext4"},
	{XFS_SUPER_MAGIC, FS_XFS, "xfs"},
	{BTRFS_SUPER_MAGIC, FS_BTRFS, "btrfs"},
};

const char *fs_type_name(enum fs_type type)
{
	for (size_t i = 0; i < COUNT(known_fs); i++) {
		if (known_fs[i].type == type)
			return known_fs[i].name;
	}
	return "other";
}

static void cleanup_table(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

static void cleanup_iter(struct libmnt_iter **iter)
{
	mnt_free_iter(*iter);
}

static int read_mounts(const char *mountinfo, struct libmnt_table **ret_table,
		       struct libmnt_iter **ret_iter)
{
	errno = 0; /* libmount does not always set errno */
	*ret_table = mnt_new_table_from_file(mountinfo);
	if (!*ret_table)
		return errno ? -errno : -ENOMEM;
	*ret_iter = mnt_new_iter(MNT_ITER_FORWARD);
	return *ret_iter ? 0 : -ENOMEM;
}

int rootfs_mount_source(const char *mountinfo, int mount_id, char **ret_fs_name, char **ret_source)
{
	_cleanup_(cleanup_table) struct libmnt_table *table = NULL;
	_cleanup_(cleanup_iter) struct libmnt_iter *iter = NULL;
	struct libmnt_fs *fs;
	int r = read_mounts(mountinfo, &table, &iter);

	if (r < 0)
		return r;
	while (mnt_table_next_fs(table, iter, &fs) == 0) {
		const char *name = mnt_fs_get_fstype(fs), *source = mnt_fs_get_source(fs);
		_cleanup_free_ char *name_copy = NULL, *source_copy = NULL;

		if (mnt_fs_get_id(fs) != mount_id)
			continue;
		name_copy = strdup(name ? name : "unknown");
		source_copy = strdup(source ? source : "none");
		if (!name_copy || !source_copy)
			return -ENOMEM;
		*ret_fs_name = TAKE_PTR(name_copy);
		*ret_source = TAKE_PTR(source_copy);
		return 0;
	}
	return -ENOENT;
}

/*
 * A relative @path is below @bundle. The last component must not be a link: a container may have
 * made it.
 */
static int open_root(const char *bundle, const char *path)
{
	_cleanup_close_ int bundle_fd = -EBADF;
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	size_t len = strlen(path);
	_cleanup_free_ char *trimmed = NULL;
	int fd;

	bundle_fd = open(*bundle ? bundle : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bundle_fd < 0)
		return -errno;
	/* "rootfs/" would follow a link despite O_NOFOLLOW. */
	while (len > 1 && path[len - 1] == '/')
		len--;
	trimmed = strndup(path, len);
	if (!trimmed)
		return -ENOMEM;
	fd = call_openat2(bundle_fd, trimmed, &how);
	if (fd != -ENOSYS)
		return fd;
	fd = openat(bundle_fd, trimmed, (int)how.flags);
	return fd < 0 ? -errno : fd;
}

/* Device and name of a filesystem whose st_dev is anonymous: btrfs, overlay, ... */
static int ask_mount_table(struct rootfs *rootfs, const char *mountinfo, const struct statx *stx,
			   struct why *why)
{
	_cleanup_free_ char *source = NULL;
	struct stat st;
	int r;

	if (!(stx->stx_mask & STATX_MNT_ID))
		return why_set(why, ENOTSUP, "the kernel reports no mount ids (Linux before 5.8)");
	r = rootfs_mount_source(mountinfo, (int)stx->stx_mnt_id, &rootfs->fs_name, &source);
	if (r < 0)
		return why_set(why, -r, "%s: mount %llu: %s", mountinfo,
			       (unsigned long long)stx->stx_mnt_id, strerror(-r));
	/* btrfs shows the path of its own device here, whatever mount(8) was given. */
	if (rootfs->fs == FS_BTRFS && source && stat(source, &st) == 0 && S_ISBLK(st.st_mode))
		rootfs->dev = st.st_rdev;
	return 0;
}

static int identify(struct rootfs *rootfs, const char *mountinfo, struct why *why)
{
	struct statx stx;
	struct statfs sfs;

	if (statx(rootfs->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &stx) < 0 ||
	    fstatfs(rootfs->fd, &sfs) < 0)
		return why_set(why, errno, "%s", strerror(errno));
	rootfs->read_only = sfs.f_flags & ST_RDONLY;
	if (stx.stx_dev_major)
		rootfs->dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	for (size_t i = 0; i < COUNT(known_fs); i++) {
		if (sfs.f_type != known_fs[i].magic)
			continue;
		rootfs->fs = known_fs[i].type;
		if (!stx.stx_dev_major)
			break;
		rootfs->fs_name = strdup(known_fs[i].name);
		return rootfs->fs_name ? 0 : why_no_memory(why);
	}
	return ask_mount_table(rootfs, mountinfo, &stx, why);
}

int rootfs_open(const char *bundle, const char *root_path, struct rootfs *ret, struct why *why)
{
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	int r;

	rootfs.fd = open_root(bundle, root_path);
	if (rootfs.fd < 0)
		return why_set(why, -rootfs.fd, "rootfs %s of bundle %s: %s", quote(root_path),
			       quote(bundle), strerror(-rootfs.fd));
	r = identify(&rootfs, MOUNTINFO, why);
	if (r < 0)
		return why_prefix(why, r, "rootfs");
	*ret = rootfs;
	rootfs = (struct rootfs){.fd = -EBADF};
	return 0;
}

/* How far below its filesystem's root is the top of the mount @mount_id? -errno */
static int depth_of_mount(const char *mountinfo, int mount_id)
{
	_cleanup_(cleanup_table) struct libmnt_table *table = NULL;
	_cleanup_(cleanup_iter) struct libmnt_iter *iter = NULL;
	struct libmnt_fs *fs;
	int depth = 0, r = read_mounts(mountinfo, &table, &iter);

	if (r < 0)
		return r;
	do {
		if (mnt_table_next_fs(table, iter, &fs) != 0)
			return -ENOENT;
	} while (mnt_fs_get_id(fs) != mount_id);
	for (const char *at = mnt_fs_get_root(fs); at && *at; at++)
		depth += *at == '/' && at[1] && at[1] != '/';
	return depth;
}

static int identify_of_pid(struct rootfs *rootfs, const char *mountinfo, struct why *why)
{
	struct statx stx;
	int r = identify(rootfs, mountinfo, why);

	if (r < 0)
		return r;
	if (statx(rootfs->fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return why_set(why, errno, "statx: %s", strerror(errno));
	r = depth_of_mount(mountinfo, (int)stx.stx_mnt_id);
	if (r < 0)
		return why_set(why, -r, "%s: %s", mountinfo, strerror(-r));
	if (r > LEVELS_MAX)
		return why_set(why, EPERM, DEEP);
	return 0;
}

int rootfs_open_pid(pid_t pid, struct rootfs *ret, struct why *why)
{
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	char root[32], mountinfo[40], what[40];
	int r;

	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	snprintf(mountinfo, sizeof(mountinfo), "/proc/%d/mountinfo", pid);
	snprintf(what, sizeof(what), "rootfs of process %d", pid);
	rootfs.fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rootfs.fd < 0)
		return errno == ENOENT ? why_set(why, ESRCH, "no such process: %d", pid)
				       : why_set(why, errno, "%s: %s", root, strerror(errno));
	r = identify_of_pid(&rootfs, mountinfo, why);
	if (r < 0)
		return why_prefix(why, r, what);
	*ret = rootfs;
	rootfs = (struct rootfs){.fd = -EBADF};
	return 0;
}

/* Is @fs a mount of the block device @dev? If st_dev is anonymous (btrfs), the source says so. */
static bool is_mount_of(struct libmnt_fs *fs, dev_t dev)
{
	const char *source = mnt_fs_get_srcpath(fs);
	struct stat st;

	return mnt_fs_get_devno(fs) == dev ||
	       (source && *source == '/' && major(mnt_fs_get_devno(fs)) == 0 &&
		stat(source, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == dev);
}

/* Opens a mount of @dev; with @writable only one that is writable. */
static int open_mount_of(dev_t dev, bool writable, struct rootfs *ret, struct why *why)
{
	_cleanup_(cleanup_table) struct libmnt_table *table = mnt_new_table_from_file(MOUNTINFO);
	_cleanup_(cleanup_iter) struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	if (!table || !iter)
		return why_set(why, ENOMEM, MOUNTINFO " cannot be read");
	while (mnt_table_next_fs(table, iter, &fs) == 0) {
		struct rootfs rootfs = {.fd = -EBADF};

		/* Another mount may cover it, or it may be a file. */
		if (!is_mount_of(fs, dev) ||
		    rootfs_open("/", mnt_fs_get_target(fs), &rootfs, why) < 0)
			continue;
		if (rootfs.dev == dev && !(writable && rootfs.read_only)) {
			*ret = rootfs;
			return 0;
		}
		rootfs_close(&rootfs);
	}
	return why_set(why, ENOENT, "it is not mounted here");
}

/* The number was not pinned before this directory was opened. */
static int check_still_same(const struct thin_device *device, struct why *why)
{
	struct thin_device now = {0};
	int r = thin_lookup(device->dev, &now, why);

	if (r == 0 && !thin_is_same(device, &now))
		r = why_set(why, ESTALE, "it is gone, device %s has its number now",
			    quote(now.name));
	thin_device_free(&now);
	return r;
}

int rootfs_open_device(const struct thin_device *device, struct rootfs *ret, struct why *why)
{
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	int r = open_mount_of(device->dev, false, &rootfs, why), same;
	struct why changed;

	same = check_still_same(device, &changed);
	if (same < 0 && (r == 0 || same == -ESTALE)) {
		*why = changed;
		return same;
	}
	if (r < 0)
		return r;
	*ret = rootfs;
	rootfs = (struct rootfs){.fd = -EBADF};
	return 0;
}

void rootfs_close(struct rootfs *rootfs)
{
	cleanup_close(&rootfs->fd);
	free(rootfs->fs_name);
	*rootfs = (struct rootfs){.fd = -EBADF};
}

static int check_host(const struct rootfs *rootfs, struct why *why)
{
	static const char *const host[] = {"/", "/usr", "/var", "/var/lib", "/home"};
	struct stat st;

	for (size_t i = 0; i < COUNT(host); i++) {
		if (stat(host[i], &st) == 0 && st.st_dev == rootfs->dev)
			return why_set(why, EPERM, "it is on the filesystem of the host's %s",
				       host[i]);
	}
	return 0;
}

/*
 * @level levels above the rootfs is @top, the top of a mount, which may be a bind mount of a
 * directory. In other mount namespaces rootfs_open_pid() has looked. The mount table is as long as
 * the host has mounts, so it is read only where the inode's number does not answer.
 */
static int check_depth(const struct rootfs *rootfs, int level, const struct statx *top,
		       struct why *why)
{
	int depth = rootfs->fs == FS_EXT4 && top->stx_ino == EXT4_ROOT_INODE
			    ? 0
			    : depth_of_mount(MOUNTINFO, (int)top->stx_mnt_id);

	if (depth < 0 && depth != -ENOENT)
		return why_set(why, -depth, MOUNTINFO ": %s", strerror(-depth));
	return depth + level > LEVELS_MAX ? why_set(why, EPERM, DEEP) : 0;
}

int rootfs_check_exclusive(const struct rootfs *rootfs, struct why *why)
{
	_cleanup_close_ int at = -EBADF;
	struct statx stx;
	int r = check_host(rootfs, why);

	if (r < 0)
		return r;
	for (int level = 0; level <= LEVELS_MAX; level++) {
		int up;

		if (statx(level ? at : rootfs->fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID,
			  &stx) < 0)
			return why_set(why, errno, "statx: %s", strerror(errno));
		if (!(stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
			return 0;
		if (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
			return check_depth(rootfs, level, &stx, why);
		up = openat(level ? at : rootfs->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return why_set(why, errno, "parent directory: %s", strerror(errno));
		cleanup_close(&at);
		at = up;
	}
	return why_set(why, EPERM, DEEP);
}

/* Through a clone of its mount. -ENOSYS: the kernel cannot do that. */
static int open_writable_clone(int rootfs_fd, struct why *why)
{
	_cleanup_close_ int tree = call_clone_mount(rootfs_fd), fd = -EBADF;
	struct statfs sfs;
	int r;

	if (tree < 0)
		return why_set(why, -tree, "its mount is read-only, and open_tree failed: %s",
			       strerror(-tree));
	r = call_set_mount_writable(tree);
	if (r < 0)
		return why_set(why, -r, "its mount is read-only, and mount_setattr failed: %s",
			       strerror(-r));
	fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &sfs) < 0)
		return why_set(why, errno, "a clone of its mount: %s", strerror(errno));
	if (sfs.f_flags & ST_RDONLY)
		return why_set(why, EROFS, "the filesystem itself is mounted read-only");
	return TAKE_FD(fd);
}

/* Through another mount of its device. */
static int open_writable_mount(dev_t dev, struct why *why)
{
	_cleanup_(rootfs_close) struct rootfs other = {.fd = -EBADF};

	if (open_mount_of(dev, true, &other, why) < 0)
		return why_set(why, EROFS,
			       "it is mounted read-only, and Linux before 5.12 cannot grow it "
			       "without a writable mount");
	return TAKE_FD(other.fd);
}

/*
 * A mount in another mount namespace, such as a container's, cannot be cloned; one that is visible
 * here can.
 */
static int open_writable_here(dev_t dev, struct why *why)
{
	_cleanup_(rootfs_close) struct rootfs other = {.fd = -EBADF};

	if (open_mount_of(dev, true, &other, why) < 0 && open_mount_of(dev, false, &other, why) < 0)
		return why_set(
			why, EROFS,
			"it is mounted read-only in another mount namespace, and not mounted here");
	return other.read_only ? open_writable_clone(other.fd, why) : TAKE_FD(other.fd);
}

int rootfs_make_writable(struct rootfs *rootfs, struct why *why)
{
	int fd;

	if (!rootfs->read_only)
		return 0;
	fd = open_writable_clone(rootfs->fd, why);
	if (fd == -ENOSYS)
		fd = open_writable_mount(rootfs->dev, why);
	else if (fd == -EINVAL)
		fd = open_writable_here(rootfs->dev, why);
	if (fd < 0)
		return fd;
	close(rootfs->fd);
	rootfs->fd = fd;
	rootfs->read_only = false;
	return 0;
}

int rootfs_usage(const struct rootfs *rootfs, uint64_t *ret_used, uint64_t *ret_available)
{
	struct statvfs st;

	if (fstatvfs(rootfs->fd, &st) < 0)
		return -errno;
	*ret_used = (st.f_blocks - st.f_bfree) * st.f_frsize;
	*ret_available = st.f_bavail * st.f_frsize;
	return 0;
}
