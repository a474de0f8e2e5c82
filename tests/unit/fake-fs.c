/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-fs.h"

#include "base/syscalls.h"
#include "fake-dm.h"
#include "unit.h"

#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <xfs/xfs.h>

#ifndef EXT4_IOC_RESIZE_FS
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif
#define EXT4_IOC_GETVERSION _IOR('f', 3, long)
#define XFS_MAGIC	    0x58465342
#define AG_BLOCKS	    65536
#define AG_BLOCKS_MIN	    64
#define EXT4_INODES	    8192
#define EXT4_RESERVED_GDT   127

struct fake_fs fake_fs;

static ino_t directory_ino;
static dev_t directory_dev;
static int superblock_fd = -EBADF; /* what open() of the block device gave last */
static int device_fd = -EBADF;	   /* the same, and its inode: closed by now? */
static ino_t device_ino;
static int first_fd = -EBADF; /* the mount's own; any other is a clone's */
static bool clone_writable;

__typeof__(open) __real_open, __wrap_open;
__typeof__(fstat) __wrap_fstat;
int __wrap___fxstat(int version, int fd, struct stat *st);
__typeof__(pread) __real_pread, __wrap_pread;
__typeof__(fstatfs) __real_fstatfs, __wrap_fstatfs;
__typeof__(statx) __real_statx, __wrap_statx;
__typeof__(ioctl) __real_ioctl, __wrap_ioctl;
__typeof__(fremovexattr) __real_fremovexattr, __wrap_fremovexattr;
__typeof__(syncfs) __real_syncfs, __wrap_syncfs;
__typeof__(kill) __real_kill, __wrap_kill;
__typeof__(poll) __real_poll, __wrap_poll;
__typeof__(call_openat2) __real_call_openat2, __wrap_call_openat2;
__typeof__(call_clone_mount) __real_call_clone_mount, __wrap_call_clone_mount;
__typeof__(call_set_mount_writable) __real_call_set_mount_writable, __wrap_call_set_mount_writable;
__typeof__(call_fsopen) __wrap_call_fsopen;
__typeof__(call_fsconfig) __wrap_call_fsconfig;
__typeof__(call_fscreate) __wrap_call_fscreate;
__typeof__(call_fsmount) __wrap_call_fsmount;
__typeof__(call_capget) __real_call_capget, __wrap_call_capget;

static int real_fstat(int fd, struct stat *st)
{
	return fstatat(fd, "", st, AT_EMPTY_PATH);
}

static const char *const names[] = {"other", "ext4", "xfs", "btrfs"};

void fake_fs_arm(enum fs_type type, uint64_t bytes, struct rootfs *ret)
{
	struct stat st;
	int fd;

	device_fd = -EBADF;
	fake_fs = (struct fake_fs){
		.type = type,
		.directory = new_directory(),
		.block_bytes = 4096,
		.bytes = bytes,
		.ag_blocks = AG_BLOCKS,
		.imaxpct = 25,
		.btrfs_devices = 1,
	};
	fd = __real_open(fake_fs.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(real_fstat(fd, &st), 0);
	directory_dev = st.st_dev;
	directory_ino = st.st_ino;
	first_fd = fd;
	clone_writable = false;
	*ret = (struct rootfs){
		.fd = fd, .dev = FAKE_THIN, .fs = type, .fs_name = strdup(names[type])};
}

int __wrap_kill(pid_t pid, int sig)
{
	if (!fake_fs.frozen)
		return __real_kill(pid, sig);
	fake_fs.waiter = pid;
	return 0;
}

/* A process that asks the filesystem may be slow to start. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return __real_poll(fds, n, fake_fs.type == FS_OTHER || fake_fs.frozen ? timeout_ms : -1);
}

void fake_fs_thaw(void)
{
	fake_fs.frozen = false;
	if (!fake_fs.waiter)
		return;
	assert_int_equal(__real_kill(fake_fs.waiter, SIGKILL), 0);
	assert_int_equal(waitpid(fake_fs.waiter, NULL, 0), fake_fs.waiter);
	fake_fs.waiter = 0;
}

void fake_fs_disarm(void)
{
	fake_fs_thaw();
	remove_directory(fake_fs.directory);
	fake_fs = (struct fake_fs){0};
}

static bool is_ours(int fd)
{
	struct stat st;

	return fake_fs.type != FS_OTHER && real_fstat(fd, &st) == 0 && st.st_dev == directory_dev &&
	       st.st_ino == directory_ino;
}

static bool is_read_only(int fd)
{
	return fake_fs.read_only ||
	       (fake_fs.mount_read_only && (fd == first_fd || !clone_writable));
}

static uint64_t device_bytes(void)
{
	return fake_dm.thin.live.sectors * 512;
}

/* --- the block device ------------------------------------------------------------------------ */

static void put(uint8_t *block, size_t at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		block[at + i] = (uint8_t)(value >> (8 * i));
}

void fake_ext4_superblock(uint8_t block[1024])
{
	uint64_t blocks = fake_fs.bytes / fake_fs.block_bytes;

	memset(block, 0, 1024);
	put(block, 4, blocks, 4);
	put(block, 24, (uint64_t)__builtin_ctz(fake_fs.block_bytes) - 10, 4);
	put(block, 32, UINT64_C(8) * fake_fs.block_bytes, 4);
	put(block, 40, EXT4_INODES, 4);
	put(block, 52, 3U + fake_fs.more_mounts, 2);
	put(block, 56, 0xEF53U ^ fake_fs.superblock_damage, 2);
	put(block, 58, fake_fs.error_flag ? 3 : 1, 2);
	put(block, 76, 1, 4);
	put(block, 88, 256, 2);
	put(block, 92, fake_fs.sparse_super2 ? 0x200 : 0, 4);
	put(block, 96, fake_fs.without_64bit ? 0x242 : 0x2C2, 4); /* with flex_bg */
	put(block, 100, 1, 4);					  /* sparse_super */
	memcpy(block + 104, "0123456789abcdef", 16);
	put(block, 206, EXT4_RESERVED_GDT, 2);
	put(block, 372, 4, 1);
	if (!fake_fs.without_64bit) {
		put(block, 254, 64, 2);
		put(block, 336, blocks >> 32, 4);
	}
}

int __wrap_open(const char *path, int flags, ...)
{
	uint8_t image[2048] = {0};
	mode_t mode = 0;
	struct stat st;
	va_list ap;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (fake_fs.type == FS_OTHER || strcmp(path, "/dev/dm-7") != 0)
		return __real_open(path, flags, mode);
	/* Opened for writing, udev would send events when it is closed. */
	assert_int_equal(flags & O_ACCMODE, O_RDONLY);
	fake_ext4_superblock(image + 1024);
	superblock_fd = device_fd = fd_with(image, fake_fs.device_is_short ? 2047 : sizeof(image));
	assert_int_equal(real_fstat(device_fd, &st), 0);
	device_ino = st.st_ino;
	return superblock_fd;
}

bool fake_fs_device_is_open(void)
{
	struct stat st;

	return real_fstat(device_fd, &st) == 0 && st.st_ino == device_ino;
}

/* What its directory is open as besides the fd of fake_fs_arm(). */
static bool is_mounted_unseen(void)
{
	for (int fd = 3; fd < 256; fd++) {
		if (fd != first_fd && is_ours(fd))
			return true;
	}
	return false;
}

unsigned int fake_fs_device_opens(void)
{
	return (unsigned int)fake_fs_device_is_open() + is_mounted_unseen();
}

void (*fake_fs_before_pread)(void);

ssize_t __wrap_pread(int fd, void *buffer, size_t len, off_t offset)
{
	if (fake_fs_before_pread)
		fake_fs_before_pread();
	if (fake_fs.device_read_errno && fd == device_fd) {
		errno = fake_fs.device_read_errno;
		return -1;
	}
	return __real_pread(fd, buffer, len, offset);
}

int __wrap_fstat(int fd, struct stat *st)
{
	int r = real_fstat(fd, st);

	if (r == 0 && fake_fs.type != FS_OTHER && fd == superblock_fd) {
		st->st_mode = (fake_fs.device_is_a_file ? S_IFREG : S_IFBLK) | 0600;
		st->st_rdev = fake_fs.device_is_another ? FAKE_POOL : FAKE_THIN;
		superblock_fd = -EBADF;
	}
	return r;
}

/* What fstat() is in glibc before 2.33. */
int __wrap___fxstat(int version, int fd, struct stat *st)
{
	(void)version;
	return __wrap_fstat(fd, st);
}

/* --- the mount ------------------------------------------------------------------------------- */

int __wrap_fstatfs(int fd, struct statfs *sfs)
{
	static const long magic[] = {
		0,
		EXT4_SUPER_MAGIC,
		XFS_MAGIC,
		(long)BTRFS_SUPER_MAGIC,
	};
	int r = __real_fstatfs(fd, sfs);

	if (r == 0 && is_ours(fd)) {
		sfs->f_type = magic[fake_fs.type];
		sfs->f_flags = is_read_only(fd) ? ST_RDONLY : 0;
	}
	return r;
}

int __wrap_statx(int fd, const char *path, int flags, unsigned int mask, struct statx *stx)
{
	int r = __real_statx(fd, path, flags, mask, stx);

	if (r == 0 && is_ours(fd)) {
		stx->stx_dev_major = fake_fs.type == FS_BTRFS ? 0 : FAKE_MAJOR;
		stx->stx_dev_minor = 7;
		stx->stx_attributes_mask |= STATX_ATTR_MOUNT_ROOT;
		stx->stx_attributes |= STATX_ATTR_MOUNT_ROOT;
		if (!fake_fs.in_mount_table)
			stx->stx_mnt_id = 0;
	}
	return r;
}

int __wrap_call_openat2(int dir_fd, const char *path, const struct open_how *how)
{
	return fake_fs.no_openat2 ? -ENOSYS : __real_call_openat2(dir_fd, path, how);
}

int __wrap_call_clone_mount(int fd)
{
	if (!is_ours(fd))
		return __real_call_clone_mount(fd);
	return fake_fs.clone_errno ? -fake_fs.clone_errno : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int __wrap_call_set_mount_writable(int mount_fd)
{
	if (!is_ours(mount_fd))
		return __real_call_set_mount_writable(mount_fd);
	assert_int_not_equal(mount_fd, first_fd); /* the container's own mount stays as it is */
	if (fake_fs.setattr_errno)
		return -fake_fs.setattr_errno;
	clone_writable = true;
	return 0;
}

__attribute__((format(printf, 1, 2))) static void log_mount(const char *format, ...)
{
	size_t len = strlen(fake_fs.mount_log);
	va_list ap;

	va_start(ap, format);
	vsnprintf(fake_fs.mount_log + len, sizeof(fake_fs.mount_log) - len, format, ap);
	va_end(ap);
}

int __wrap_call_fsopen(const char *type)
{
	log_mount("%s", type);
	return fake_fs.fsopen_errno ? -fake_fs.fsopen_errno : fd_with("", 0);
}

/* The only source that cannot become another device before it is mounted. */
int __wrap_call_fsconfig(int fs_fd, const char *key, const char *value)
{
	(void)fs_fd;
	log_mount(" %s", key);
	if (strcmp(key, "source") == 0) {
		char fd[32];

		snprintf(fd, sizeof(fd), "/proc/self/fd/%d", device_fd);
		assert_string_equal(value, fd);
	}
	return 0;
}

int __wrap_call_fscreate(int fs_fd)
{
	(void)fs_fd;
	if (fake_fs.before_create)
		fake_fs.before_create();
	log_mount(" create");
	fake_fs.more_mounts++;
	return -fake_fs.create_errno;
}

int __wrap_call_fsmount(int fs_fd)
{
	(void)fs_fd;
	log_mount(" mount");
	return __real_open(fake_fs.directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* --- its size -------------------------------------------------------------------------------- */

static int grow_to(int fd, uint64_t bytes)
{
	fake_fs.grows++;
	fake_log("grow %ju", (uintmax_t)bytes);
	if (fake_dm.thin.suspended)
		fake_fs.grown_while_suspended = true;
	if (is_read_only(fd))
		return EROFS;
	if (fake_fs.grow_errno)
		return fake_fs.grow_errno;
	if (bytes < fake_fs.bytes)
		fail_msg("a request to shrink from %ju to %ju", (uintmax_t)fake_fs.bytes,
			 (uintmax_t)bytes);
	if (bytes > device_bytes())
		return ENOSPC;
	fake_fs.bytes = bytes - fake_fs.grow_less;
	return 0;
}

static int xfs_geometry(void *arg)
{
	if (++fake_fs.reads == fake_fs.jump_at_read)
		fake_fs.bytes = fake_fs.jump_bytes;
	*(struct xfs_fsop_geom_v4 *)arg = (struct xfs_fsop_geom_v4){
		.blocksize = fake_fs.block_bytes,
		.agblocks = fake_fs.ag_blocks,
		.datablocks = fake_fs.bytes / fake_fs.block_bytes,
		.imaxpct = fake_fs.imaxpct,
	};
	return 0;
}

static int xfs_grow(int fd, const struct xfs_growfs_data *request)
{
	uint64_t blocks = request->newblocks;

	assert_int_equal(request->imaxpct, fake_fs.imaxpct);
	if (blocks % fake_fs.ag_blocks < AG_BLOCKS_MIN)
		blocks -= blocks % fake_fs.ag_blocks;
	return grow_to(fd, blocks * fake_fs.block_bytes);
}

static int btrfs_info(struct btrfs_ioctl_fs_info_args *info)
{
	info->max_id = fake_fs.btrfs_devices;
	info->num_devices = fake_fs.btrfs_devices;
	info->sectorsize = fake_fs.block_bytes;
	return 0;
}

static int btrfs_device(struct btrfs_ioctl_dev_info_args *device)
{
	device->total_bytes = fake_fs.bytes;
	return device->devid == fake_fs.btrfs_devices ? 0 : ENODEV;
}

static int btrfs_grow(int fd, const struct btrfs_ioctl_vol_args *args)
{
	assert_string_equal(args->name, "1:max");
	return grow_to(fd, device_bytes() - device_bytes() % fake_fs.block_bytes);
}

/* What was deleted is free for FITRIM only after the journal's commit. */
static int trim_range(const struct fstrim_range *range)
{
	fake_fs.trims++;
	fake_log("trim %ju+%ju min %ju", (uintmax_t)range->start, (uintmax_t)range->len,
		 (uintmax_t)range->minlen);
	if (fake_fs.trim_errno)
		return fake_fs.trim_errno;
	if (fake_fs.syncs && fake_fs.trims == 1)
		fake_dm_unmap(fake_fs.trim_blocks, fake_fs.trim_shared_blocks);
	return 0;
}

int __wrap_syncfs(int fd)
{
	if (!is_ours(fd))
		return __real_syncfs(fd);
	fake_fs.syncs++;
	return 0;
}

int __wrap_fremovexattr(int fd, const char *name)
{
	if (!is_ours(fd))
		return __real_fremovexattr(fd, name);
	while (fake_fs.frozen)
		pause();
	errno = EOPNOTSUPP;
	return -1;
}

/* Returns an errno, or -1: no ioctl of ours. */
static int answer(int fd, unsigned long request, void *arg)
{
	switch (request) {
	case FITRIM:
		return trim_range(arg);
	case EXT4_IOC_RESIZE_FS:
		assert_int_equal(fake_fs.type, FS_EXT4);
		return grow_to(fd, *(uint64_t *)arg * fake_fs.block_bytes);
	case EXT4_IOC_GETVERSION:
		assert_int_equal(fake_fs.type, FS_EXT4);
		return fake_fs.is_ext2s ? ENOTTY : 0;
	case XFS_IOC_FSGEOMETRY_V4:
		assert_int_equal(fake_fs.type, FS_XFS);
		return fake_fs.read_errno ? fake_fs.read_errno : xfs_geometry(arg);
	case XFS_IOC_FSGROWFSDATA:
		assert_int_equal(fake_fs.type, FS_XFS);
		return xfs_grow(fd, arg);
	case BTRFS_IOC_FS_INFO:
		assert_int_equal(fake_fs.type, FS_BTRFS);
		return fake_fs.read_errno ? fake_fs.read_errno : btrfs_info(arg);
	case BTRFS_IOC_DEV_INFO:
		assert_int_equal(fake_fs.type, FS_BTRFS);
		return btrfs_device(arg);
	case BTRFS_IOC_RESIZE:
		assert_int_equal(fake_fs.type, FS_BTRFS);
		return btrfs_grow(fd, arg);
	default:
		return -1;
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int err;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	err = is_ours(fd) ? answer(fd, request, arg) : -1;
	if (err < 0)
		return __real_ioctl(fd, request, arg);
	if (err == 0)
		return request == BTRFS_IOC_RESIZE && fake_fs.grow_positive;
	errno = err;
	return -1;
}

/* --- privileges ------------------------------------------------------------------------------ */

int __wrap_call_capget(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	unsigned int lacks = fake_fs.lacks_capability;

	if (fake_fs.type == FS_OTHER)
		return __real_call_capget(data);
	data[0].effective = data[1].effective = UINT32_MAX;
	data[lacks / 32].effective &= ~(1U << lacks % 32);
	return 0;
}
