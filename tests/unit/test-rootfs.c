/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/rootfs.h"

#include "disk/thin.h"
#include "fake-dm.h"
#include "fake-fs.h"
#include "unit.h"

#include <sys/sysmacros.h>

static char *directory;
static struct rootfs rootfs;
static struct why why;

static int setup(void **state)
{
	(void)state;
	directory = new_directory();
	mkdir_in(directory, "bundle");
	mkdir_in(directory, "bundle/rootfs");
	mkdir_in(directory, "elsewhere");
	rootfs = (struct rootfs){.fd = -EBADF};
	why.text[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rootfs_close(&rootfs);
	remove_directory(directory);
	fake_fs = (struct fake_fs){0};
	return 0;
}

/* --- the mount table ------------------------------------------------------------------------- */

static void expect_mount(const char *file, int id, const char *type, const char *source)
{
	char *name = NULL, *found = NULL;
	char path[64];

	snprintf(path, sizeof(path), "tests/data/mountinfo-%s", file);
	assert_int_equal(rootfs_mount_source(path, id, &name, &found), 0);
	assert_string_equal(name, type);
	assert_string_equal(found, source);
	free(name);
	free(found);
}

static void finds_mounts_by_id(void **state)
{
	(void)state;
	expect_mount("docker", 27, "ext4", "/dev/sda1");
	expect_mount("docker", 310, "ext4", "/dev/mapper/docker-8:1-1048-5f0c1d");
	expect_mount("docker", 311, "xfs", "/dev/mapper/docker-8:1-1048-77aa2b");
	expect_mount("btrfs", 120, "btrfs", "/dev/mapper/pool-snap-12");
	expect_mount("btrfs", 121, "btrfs", "/dev/mapper/pool-snap-12");
	expect_mount("overlay", 200, "overlay", "overlay");
	expect_mount("overlay", 201, "proc", "proc");
}

static void decodes_octal_escapes(void **state)
{
	(void)state;
	expect_mount("escaped", 90, "xfs", "/dev/mapper/a b\\c");
	expect_mount("escaped", 91, "fuse.sshfs", "user@host:/a b");
	expect_mount("escaped", 92, "tmpfs", "none");
}

static void reports_a_missing_mount(void **state)
{
	char *name = NULL, *source = NULL;

	(void)state;
	assert_int_equal(rootfs_mount_source("tests/data/mountinfo-docker", 999, &name, &source),
			 -ENOENT);
	assert_int_equal(rootfs_mount_source("tests/data/mountinfo-docker", 31, &name, &source),
			 -ENOENT);
	assert_int_equal(rootfs_mount_source("/nowhere", 1, &name, &source), -ENOENT);
	assert_int_equal(rootfs_mount_source("/dev/null", 1, &name, &source), -ENOENT);
	assert_null(name);
	assert_null(source);
}

static void finds_one_of_many_mounts(void **state)
{
	char *path = path_in(directory, "mountinfo"), *name = NULL, *source = NULL;
	FILE *file = fopen(path, "we");

	(void)state;
	assert_non_null(file);
	for (int i = 1; i <= 20000; i++)
		fprintf(file, "%d 1 0:%d / /mnt/%d rw - ext4 /dev/mapper/d%d rw\n", i, i, i, i);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rootfs_mount_source(path, 20000, &name, &source), 0);
	assert_string_equal(source, "/dev/mapper/d20000");
	free(name);
	free(source);
	free(path);
}

/* --- opening --------------------------------------------------------------------------------- */

static int open_rootfs(const char *bundle, const char *root_path)
{
	char *path = *bundle == '/' ? strdup(bundle) : path_in(directory, bundle);
	int r;

	rootfs_close(&rootfs);
	r = rootfs_open(path, root_path, &rootfs, &why);
	free(path);
	return r;
}

/* Is the rootfs the directory @name? */
static void assert_is(const char *name)
{
	char *path = path_in(directory, name);
	struct stat want, found;

	assert_int_equal(stat(path, &want), 0);
	assert_int_equal(fstat(rootfs.fd, &found), 0);
	assert_true(want.st_dev == found.st_dev && want.st_ino == found.st_ino);
	assert_true(fcntl(rootfs.fd, F_GETFD) & FD_CLOEXEC);
	assert_non_null(rootfs.fs_name);
	free(path);
}

static void opens_relative_paths_below_the_bundle(void **state)
{
	static const char *const same[] = {"rootfs", "rootfs/", "rootfs///", "./rootfs",
					   "../bundle/rootfs"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(same); i++) {
		assert_int_equal(open_rootfs("bundle", same[i]), 0);
		assert_is("bundle/rootfs");
	}
	assert_int_equal(open_rootfs("bundle", "../elsewhere"), 0);
	assert_is("elsewhere");
	assert_int_equal(open_rootfs("bundle", "."), 0);
	assert_is("bundle");
}

static void opens_without_openat2(void **state)
{
	(void)state;
	fake_fs.no_openat2 = true;
	assert_int_equal(open_rootfs("bundle", "rootfs/"), 0);
	assert_is("bundle/rootfs");
	assert_int_equal(open_rootfs("bundle", "missing"), -ENOENT);
}

static void opens_absolute_paths(void **state)
{
	char *path = path_in(directory, "elsewhere");

	(void)state;
	assert_int_equal(open_rootfs("bundle", path), 0);
	assert_is("elsewhere");
	rootfs_close(&rootfs);
	/* Kata passes no bundle */
	assert_int_equal(rootfs_open("", path + 1, &rootfs, &why), 0);
	assert_is("elsewhere");
	free(path);
}

static void make_link(const char *name, const char *target)
{
	char *path = path_in(directory, name);

	assert_int_equal(symlink(target, path), 0);
	free(path);
}

/* Whoever can write to the bundle's directory could make it point to another container's disk. */
static void does_not_follow_a_link_at_the_end(void **state)
{
	static const char *const paths[] = {"link", "link/", "link///", "./link"};

	(void)state;
	make_link("bundle/link", "../elsewhere");
	for (size_t i = 0; i < 2 * COUNT_OF(paths); i++) {
		int r;

		fake_fs.no_openat2 = i >= COUNT_OF(paths);
		r = open_rootfs("bundle", paths[i % COUNT_OF(paths)]);
		assert_true(r == -ELOOP || r == -ENOTDIR);
		assert_int_equal(rootfs.fd, -EBADF);
		assert_contains(why.text, paths[i % COUNT_OF(paths)]);
	}
}

/* The path to it is the host's, and may have links. */
static void follows_links_before_the_end(void **state)
{
	(void)state;
	make_link("way", "bundle");
	assert_int_equal(open_rootfs("way", "rootfs"), 0);
	assert_is("bundle/rootfs");
	make_link("bundle/up", "..");
	assert_int_equal(open_rootfs("bundle", "up/elsewhere"), 0);
	assert_is("elsewhere");
}

static void follows_no_magic_links(void **state)
{
	(void)state;
	assert_int_equal(open_rootfs("bundle", "/proc/self/cwd/tests"), -ELOOP);
	assert_int_equal(open_rootfs("bundle", "/proc/self/root/usr"), -ELOOP);
}

static void reports_what_cannot_be_opened(void **state)
{
	(void)state;
	assert_int_equal(open_rootfs("bundle", "missing"), -ENOENT);
	assert_contains(why.text, "rootfs \"missing\" of bundle");
	assert_int_equal(open_rootfs("missing", "rootfs"), -ENOENT);
	write_in(directory, "bundle/file", "");
	assert_int_equal(open_rootfs("bundle", "file"), -ENOTDIR);
	assert_int_equal(open_rootfs("bundle/file", "rootfs"), -ENOTDIR);
	assert_int_equal(open_rootfs("bundle", ""), -ENOENT);
	assert_int_equal(open_rootfs("bundle", "a\nb"), -ENOENT);
	assert_contains(why.text, "\"a\\nb\"");
	assert_int_equal(rootfs.fd, -EBADF);
	assert_null(rootfs.fs_name);
}

/* --- what it is on --------------------------------------------------------------------------- */

static void identify_as(enum fs_type type, const char *name)
{
	struct rootfs armed;

	fake_fs_arm(type, GIB, &armed);
	assert_int_equal(rootfs_open("/", fake_fs.directory, &rootfs, &why), 0);
	assert_int_equal(rootfs.fs, type);
	assert_string_equal(rootfs.fs_name, name);
	assert_true(rootfs.dev == FAKE_THIN);
	assert_false(rootfs.read_only);
	fake_fs.mount_read_only = true;
	rootfs_close(&rootfs);
	assert_int_equal(rootfs_open("/", fake_fs.directory, &rootfs, &why), 0);
	assert_true(rootfs.read_only);
	rootfs_close(&armed);
	fake_fs_disarm();
}

static void finds_filesystem_and_device(void **state)
{
	(void)state;
	identify_as(FS_EXT4, "ext4");
	rootfs_close(&rootfs);
	identify_as(FS_XFS, "xfs");
}

/*
 * Its st_dev is not that of a device: the mount table has the device (here the real one, of /tmp).
 */
static void reads_the_mount_table_for_btrfs(void **state)
{
	char *name = NULL, *source = NULL;
	struct rootfs armed;
	struct statx stx;
	struct stat st;

	(void)state;
	fake_fs_arm(FS_BTRFS, GIB, &armed);
	fake_fs.in_mount_table = true;
	assert_int_equal(statx(armed.fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx), 0);
	assert_int_equal(
		rootfs_mount_source("/proc/self/mountinfo", (int)stx.stx_mnt_id, &name, &source),
		0);
	assert_int_equal(rootfs_open("/", fake_fs.directory, &rootfs, &why), 0);
	assert_int_equal(rootfs.fs, FS_BTRFS);
	assert_string_equal(rootfs.fs_name, name);
	if (stat(source, &st) == 0 && S_ISBLK(st.st_mode))
		assert_true(rootfs.dev == st.st_rdev);
	else
		assert_true(rootfs.dev == 0);
	free(name);
	free(source);
	rootfs_close(&armed);
	fake_fs_disarm();
}

static void recognises_filesystems_without_a_device(void **state)
{
	(void)state;
	assert_int_equal(rootfs_open("/", "/proc/sys", &rootfs, &why), 0);
	assert_int_equal(rootfs.fs, FS_OTHER);
	assert_string_equal(rootfs.fs_name, "proc");
	assert_true(rootfs.dev == 0);
}

static void can_be_closed_twice(void **state)
{
	(void)state;
	assert_int_equal(open_rootfs("bundle", "rootfs"), 0);
	rootfs_close(&rootfs);
	assert_int_equal(rootfs.fd, -EBADF);
	rootfs_close(&rootfs);
}

/* --- a device's mount ------------------------------------------------------------------------ */

static int open_mount(const char *name, dev_t dev)
{
	struct thin_device device;
	int r;

	assert_int_equal(thin_lookup(dev, &device, &why), 0);
	fake_dm.thin.name = name;
	r = rootfs_open_device(&device, &rootfs, &why);
	thin_device_free(&device);
	return r;
}

static void a_device_that_is_not_mounted_is_reported_so(void **state)
{
	(void)state;
	fake_dm_arm(GIB / 512);
	assert_int_equal(open_mount(fake_dm.thin.name, FAKE_THIN), -ENOENT);
	assert_string_equal(why.text, "it is not mounted here");
	fake_dm_disarm();
}

static void a_number_that_another_device_has_now_is_reported_so(void **state)
{
	(void)state;
	fake_dm_arm(GIB / 512);
	assert_int_equal(open_mount("next", FAKE_THIN), -ESTALE);
	assert_string_equal(why.text, "it is gone, device \"next\" has its number now");
	fake_dm_disarm();
}

static void a_mount_of_the_device_that_has_its_number_now_is_not_opened(void **state)
{
	(void)state;
	fake_dm_arm(GIB / 512);
	assert_int_equal(rootfs_open("/", "/", &rootfs, &why), 0);
	fake_dm.thin.dev = rootfs.dev;
	rootfs_close(&rootfs);
	assert_int_equal(open_mount(fake_dm.thin.name, fake_dm.thin.dev), 0);
	rootfs_close(&rootfs);
	assert_int_equal(open_mount("next", fake_dm.thin.dev), -ESTALE);
	assert_contains(why.text, "\"next\" has its number now");
	assert_int_equal(rootfs.fd, -EBADF);
	fake_dm_disarm();
}

/* --- whose it is ----------------------------------------------------------------------------- */

static int check_below(const char *path)
{
	char *full = path_in(fake_fs.directory, path);
	struct rootfs below = {.dev = FAKE_THIN};
	int r;

	below.fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(below.fd >= 0);
	why.text[0] = '\0';
	r = rootfs_check_exclusive(&below, &why);
	close(below.fd);
	free(full);
	return r;
}

static void may_be_two_levels_below_its_mount(void **state)
{
	struct rootfs armed;

	(void)state;
	fake_fs_arm(FS_EXT4, GIB, &armed);
	mkdir_in(fake_fs.directory, "a");
	mkdir_in(fake_fs.directory, "a/b");
	mkdir_in(fake_fs.directory, "a/b/c");
	assert_int_equal(check_below("."), 0);
	assert_int_equal(check_below("a"), 0);
	assert_int_equal(check_below("a/b"), 0);
	assert_int_equal(check_below("a/b/c"), -EPERM);
	assert_contains(why.text, "inside a larger filesystem");
	rootfs_close(&armed);
	fake_fs_disarm();
}

static void may_not_be_on_the_hosts_filesystems(void **state)
{
	static const char *const host[] = {"/", "/usr", "/var", "/var/lib", "/home"};
	struct rootfs armed;
	struct stat st;

	(void)state;
	fake_fs_arm(FS_EXT4, GIB, &armed);
	for (size_t i = 0; i < COUNT_OF(host); i++) {
		if (stat(host[i], &st) < 0)
			continue;
		armed.dev = st.st_dev;
		assert_int_equal(rootfs_check_exclusive(&armed, &why), -EPERM);
		assert_contains(why.text, "filesystem of the host's");
	}
	rootfs_close(&armed);
	fake_fs_disarm();
}

/* --- a read-only mount ----------------------------------------------------------------------- */

static void does_not_clone_a_writable_mount(void **state)
{
	int fd;

	(void)state;
	fake_fs_arm(FS_EXT4, GIB, &rootfs);
	fake_fs.clone_errno = EPERM;
	fd = rootfs.fd;
	assert_int_equal(rootfs_make_writable(&rootfs, &why), 0);
	assert_int_equal(rootfs.fd, fd);
	rootfs_close(&rootfs);
	fake_fs_disarm();
}

static void clones_a_read_only_mount(void **state)
{
	int fd;

	(void)state;
	fake_fs_arm(FS_EXT4, GIB, &rootfs);
	rootfs.read_only = fake_fs.mount_read_only = true;
	fd = rootfs.fd;
	assert_int_equal(rootfs_make_writable(&rootfs, &why), 0);
	assert_int_not_equal(rootfs.fd, fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
	assert_false(rootfs.read_only);
	rootfs_close(&rootfs);
	fake_fs_disarm();
}

static void keeps_the_fd_if_it_cannot_clone(void **state)
{
	int fd;

	(void)state;
	fake_fs_arm(FS_EXT4, GIB, &rootfs);
	rootfs.read_only = fake_fs.mount_read_only = fake_fs.read_only = true;
	fd = rootfs.fd;
	assert_int_equal(rootfs_make_writable(&rootfs, &why), -EROFS);
	fake_fs.setattr_errno = EPERM;
	assert_int_equal(rootfs_make_writable(&rootfs, &why), -EPERM);
	fake_fs.clone_errno = EPERM;
	assert_int_equal(rootfs_make_writable(&rootfs, &why), -EPERM);
	fake_fs.clone_errno = EINVAL; /* of another mount namespace */
	assert_int_equal(rootfs_make_writable(&rootfs, &why), -EROFS);
	assert_contains(why.text, "in another mount namespace, and not mounted here");
	assert_int_equal(rootfs.fd, fd);
	assert_true(rootfs.read_only);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	rootfs_close(&rootfs);
	fake_fs_disarm();
}

#define ROOTFS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOTFS_TEST(finds_mounts_by_id),
		ROOTFS_TEST(decodes_octal_escapes),
		ROOTFS_TEST(reports_a_missing_mount),
		ROOTFS_TEST(finds_one_of_many_mounts),
		ROOTFS_TEST(opens_relative_paths_below_the_bundle),
		ROOTFS_TEST(opens_without_openat2),
		ROOTFS_TEST(opens_absolute_paths),
		ROOTFS_TEST(does_not_follow_a_link_at_the_end),
		ROOTFS_TEST(follows_links_before_the_end),
		ROOTFS_TEST(follows_no_magic_links),
		ROOTFS_TEST(reports_what_cannot_be_opened),
		ROOTFS_TEST(finds_filesystem_and_device),
		ROOTFS_TEST(reads_the_mount_table_for_btrfs),
		ROOTFS_TEST(recognises_filesystems_without_a_device),
		ROOTFS_TEST(can_be_closed_twice),
		ROOTFS_TEST(a_device_that_is_not_mounted_is_reported_so),
		ROOTFS_TEST(a_number_that_another_device_has_now_is_reported_so),
		ROOTFS_TEST(a_mount_of_the_device_that_has_its_number_now_is_not_opened),
		ROOTFS_TEST(may_be_two_levels_below_its_mount),
		ROOTFS_TEST(may_not_be_on_the_hosts_filesystems),
		ROOTFS_TEST(does_not_clone_a_writable_mount),
		ROOTFS_TEST(clones_a_read_only_mount),
		ROOTFS_TEST(keeps_the_fd_if_it_cannot_clone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
