/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mounts.h"

#include "unit.h"

#include <sys/sysmacros.h>

#define DM 254

static dev_t device_of(const char *path)
{
	return strcmp(path, "/dev/mapper/b") == 0 ? makedev(DM, 9) : 0;
}

static struct mount_list parse(const char *mountinfo)
{
	struct mount_list list;

	assert_int_equal(mounts_parse(mountinfo, DM, device_of, &list), 0);
	return list;
}

static void disks_on_device_mapper_are_found(void **state)
{
	struct mount_list list =
		parse("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
		      "35 22 254:3 / /var/lib/docker/devicemapper/mnt/ab rw,relatime shared:9 "
		      "master:2 - ext4 /dev/mapper/docker-8:1-2-ab rw,discard\n"
		      "36 22 254:4 / /run/c/rootfs rw - xfs /dev/mapper/pool-snap-4 rw\n"
		      "37 22 0:40 / /proc rw - proc proc rw\n");
	const struct mount_point *mount = mounts_find(&list, makedev(DM, 3));

	(void)state;
	assert_int_equal(list.n, 2);
	assert_string_equal(mount->path, "/var/lib/docker/devicemapper/mnt/ab");
	assert_true(mount->has_inodes);
	assert_false(mount->hides_device);
	mount = mounts_find(&list, makedev(DM, 4));
	assert_string_equal(mount->path, "/run/c/rootfs");
	assert_string_equal(mount->source, "/dev/mapper/pool-snap-4");
	assert_false(mount->has_inodes);
	assert_null(mounts_find(&list, makedev(8, 1)));
	mounts_free(&list);
}

/* Its number in mountinfo is not the device's. */
static void btrfs_is_found_by_its_source(void **state)
{
	struct mount_list list = parse("36 22 0:52 / /run/b rw - btrfs /dev/mapper/b rw\n"
				       "37 22 0:53 / /run/x rw - btrfs /dev/loop0 rw\n");

	(void)state;
	assert_int_equal(list.n, 1);
	assert_int_equal(list.mounts[0].dev, makedev(DM, 9));
	assert_true(list.mounts[0].hides_device);
	mounts_free(&list);
}

static void the_first_mount_of_the_root_is_taken(void **state)
{
	struct mount_list list = parse("36 22 254:4 /etc/x /run/x rw - ext4 /dev/mapper/a rw\n"
				       "37 22 254:4 / /run/a rw - ext4 /dev/mapper/a rw\n"
				       "38 22 254:4 / /run/b rw - ext4 /dev/mapper/a rw\n");

	(void)state;
	assert_int_equal(list.n, 1);
	assert_string_equal(list.mounts[0].path, "/run/a");
	mounts_free(&list);
}

static void escapes_are_undone(void **state)
{
	struct mount_list list =
		parse("36 22 254:4 / /run/a\\040b\\134c\\011\\012\\043\xc3\xa4\\12 rw - ext4 "
		      "/dev/mapper/a\\040b rw\n");

	(void)state;
	assert_string_equal(list.mounts[0].path, "/run/a b\\c\t\n#\xc3\xa4\\12");
	assert_string_equal(list.mounts[0].source, "/dev/mapper/a b");
	mounts_free(&list);
}

static void what_is_no_mount_is_skipped(void **state)
{
	static const char *const bad[] = {
		"",
		"\n\n",
		"36",
		"36 22",
		"36 22 254 / /a rw - ext4 /dev/a rw",
		"36 22 254: / /a rw - ext4 /dev/a rw",
		"36 22 254:4x / /a rw - ext4 /dev/a rw",
		"36 22 254:4 / /a rw",
		"36 22 254:4 / /a rw - ext4",
		"36 22 254:4 / /a rw -",
		"36 22 99999999999:4 / /a rw - ext4 /dev/a rw",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct mount_list list = parse(bad[i]);

		assert_int_equal(list.n, 0);
		mounts_free(&list);
	}
}

/* A host may have so many, and most are not disks. */
static void a_disk_is_found_among_65536_mounts(void **state)
{
	char *text = NULL;
	FILE *out = text_stream(&text);
	struct mount_list list;

	(void)state;
	for (int i = 0; i < 65536; i++)
		fprintf(out, "%d 22 0:%d / /run/%d rw - tmpfs tmpfs rw\n", i, i, i);
	fputs("9 22 254:4 / /run/disk rw - ext4 /dev/mapper/a rw\n", out);
	fclose(out);
	list = parse(text);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.mounts[0].path, "/run/disk");
	mounts_free(&list);
	free(text);
}

static void a_line_without_its_newline_is_read(void **state)
{
	struct mount_list list = parse("36 22 254:4 / /a rw - ext4 /dev/mapper/a rw");

	(void)state;
	assert_int_equal(list.n, 1);
	mounts_free(&list);
}

static void the_real_file_is_read(void **state)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct mount_list list;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mounts_read(fd, &list), 0);
		mounts_free(&list);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_on_device_mapper_are_found),
		cmocka_unit_test(btrfs_is_found_by_its_source),
		cmocka_unit_test(the_first_mount_of_the_root_is_taken),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(what_is_no_mount_is_skipped),
		cmocka_unit_test(a_disk_is_found_among_65536_mounts),
		cmocka_unit_test(a_line_without_its_newline_is_read),
		cmocka_unit_test(the_real_file_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
