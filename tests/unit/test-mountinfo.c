/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mountinfo.h"

#include "base/text.h"
#include "unit.h"

#include <sys/sysmacros.h>

static char text[1024];
static char *rest;

/* The first mount in @table. */
static bool first(const char *table, struct mountinfo *ret)
{
	assert_true(snprintf(text, sizeof(text), "%s", table) < (int)sizeof(text));
	rest = text;
	return mountinfo_next(&rest, ret);
}

static void every_field_is_read(void **state)
{
	struct mountinfo mount;

	(void)state;
	assert_true(
		first("36 35 253:3 /a /mnt rw,noatime shared:1 master:2 - ext4 /dev/mapper/x rw\n"
		      "37 1 0:40 / /proc rw - proc proc rw",
		      &mount));
	assert_int_equal(mount.id, 36);
	assert_true(mount.dev == makedev(253, 3));
	assert_string_equal(mount.root, "/a");
	assert_string_equal(mount.path, "/mnt");
	assert_string_equal(mount.type, "ext4");
	assert_string_equal(mount.source, "/dev/mapper/x");
	/* no optional field, no newline at the end */
	assert_true(mountinfo_next(&rest, &mount));
	assert_int_equal(mount.id, 37);
	assert_string_equal(mount.type, "proc");
	assert_string_equal(mount.source, "proc");
	assert_false(mountinfo_next(&rest, &mount));
}

static void escapes_are_undone(void **state)
{
	struct mountinfo mount;

	(void)state;
	assert_true(
		first("36 22 254:4 /r\\040 /run/a\\040b\\134c\\011\\012\\043\xc3\xa4\\12 rw - ext4 "
		      "/dev/mapper/a\\040b rw\n",
		      &mount));
	assert_string_equal(mount.root, "/r ");
	assert_string_equal(mount.path, "/run/a b\\c\t\n#\xc3\xa4\\12");
	assert_string_equal(mount.source, "/dev/mapper/a b");
}

static void a_source_may_be_empty(void **state)
{
	struct mountinfo mount;

	(void)state;
	assert_true(first("36 22 0:4 / /run/a rw - tmpfs  rw\n", &mount));
	assert_string_equal(mount.source, "");
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
		"x36 22 254:4 / /a rw - ext4 /dev/a rw",
		"36x 22 254:4 / /a rw - ext4 /dev/a rw",
		"36 22 254:4 / /a rw",
		"36 22 254:4 / /a rw - ext4",
		"36 22 254:4 / /a rw -",
		"36 22 99999999999:4 / /a rw - ext4 /dev/a rw",
	};
	struct mountinfo mount;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char *table = text_new("%s\n37 22 254:4 / /b rw - ext4 /dev/b rw\n", bad[i]);

		assert_true(first(table, &mount));
		assert_int_equal(mount.id, 37);
		assert_false(mountinfo_next(&rest, &mount));
		free(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(a_source_may_be_empty),
		cmocka_unit_test(what_is_no_mount_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
