/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/ledger-files.h"

#include "disk/ledger.h"
#include "unit.h"

#define BOOT_ID "0f5b2a6e-9d0c-4d49-8a7e-6d7a5b1c2d3e"

static char *parent, *dir;
static struct why why;
static char seen[512];

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	dir = path_in(parent, "ledger");
	seen[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_directory(parent);
	free(dir);
	return 0;
}

static void write_entry(const char *device)
{
	struct ledger_entry entry = {
		.pool = "pool", .thin_id = 7, .sectors = 8388608, .boot_id = BOOT_ID};

	snprintf(entry.device, sizeof(entry.device), "%s", device);
	assert_int_equal(ledger_write(dir, &entry, &why), 0);
}

static void note(const struct ledger_file *file, void *context)
{
	static const char *const words[] = {"sound", "damaged", "open", "leftover"};
	size_t len = strlen(seen);

	assert_ptr_equal(context, &seen);
	assert_int_not_equal(file->inode, 0);
	if (file->state == LEDGER_FILE_SOUND)
		assert_string_equal(file->entry.device, file->name);
	else if (file->state != LEDGER_FILE_LEFTOVER)
		assert_contains(file->why.text, dir);
	snprintf(seen + len, sizeof(seen) - len, "%s %s;", file->name, words[file->state]);
}

static void expect(const char *want)
{
	seen[0] = '\0';
	assert_int_equal(ledger_files(dir, note, &seen, &why), 0);
	assert_string_equal(seen, want);
}

static void classifies_each_file(void **state)
{
	char *path;

	(void)state;
	expect(""); /* no directory yet */
	write_entry("docker-1");
	expect("docker-1 sound;");
	path = path_in(dir, "docker-1");
	assert_int_equal(chmod(path, 0620), 0);
	expect("docker-1 open;");
	assert_int_equal(chmod(path, 0600), 0);
	write_file(path, "nonsense");
	expect("docker-1 damaged;");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	expect("docker-1 damaged;");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	expect("docker-1 damaged;");
	assert_int_equal(rmdir(path), 0);
	write_in(dir, "what is\nthis", "x");
	expect("what is\nthis damaged;");
	free(path);
}

static void distinguishes_leftovers_from_running_writers(void **state)
{
	char name[64];

	(void)state;
	write_entry("docker-1");
	snprintf(name, sizeof(name), ".docker-2.%d.new", getpid());
	write_in(dir, name, "");
	expect("docker-1 sound;"); /* the writer still runs */
	snprintf(name, sizeof(name), "%s/.docker-2.%d.new", dir, getpid());
	assert_int_equal(unlink(name), 0);
	snprintf(name, sizeof(name), "%s/docker-1", dir);
	assert_int_equal(unlink(name), 0);
	write_in(dir, ".docker-2.4194304.new", "");
	expect(".docker-2.4194304.new leftover;");
	snprintf(name, sizeof(name), "%s/.docker-2.4194304.new", dir);
	assert_int_equal(unlink(name), 0);
	/* not the name of a writer */
	write_in(dir, ".new", "");
	expect(".new damaged;");
	snprintf(name, sizeof(name), "%s/.new", dir);
	assert_int_equal(unlink(name), 0);
	write_in(dir, ".a.x1.new", "");
	expect(".a.x1.new damaged;");
}

static void says_what_is_wrong_with_the_directory(void **state)
{
	(void)state;
	write_entry("docker-1");
	assert_int_equal(chmod(dir, 0770), 0);
	assert_int_equal(ledger_files(dir, note, &seen, &why), -EPERM);
	assert_contains(why.text, dir);
	assert_string_equal(seen, "");
	remove_directory(strdup(dir));
	write_file(dir, "");
	assert_int_equal(ledger_files(dir, note, &seen, &why), -ENOTDIR);
	assert_int_equal(unlink(dir), 0);
	assert_int_equal(symlink(parent, dir), 0);
	assert_int_equal(ledger_files(dir, note, &seen, &why), -ENOTDIR);
}

#define LEDGER_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(classifies_each_file),
		LEDGER_TEST(distinguishes_leftovers_from_running_writers),
		LEDGER_TEST(says_what_is_wrong_with_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
