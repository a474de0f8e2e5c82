/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/rule-file.h"

#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#define NAME "/94-oci-thin-grow.rules"
#define GOOD "KERNEL==\"dm-*\", RUN+=\"" PROGRAM_PATH " heal $devnode\"\n"

static char *root;

static int setup(void **state)
{
	static const char *const directories[] = {
		"etc",
		"etc/udev",
		"etc/udev/rules.d",
		"run",
		"run/udev",
		"run/udev/rules.d",
		"usr",
		"usr/lib",
		"usr/lib/udev",
		"usr/lib/udev/rules.d",
	};

	(void)state;
	root = new_directory();
	for (size_t i = 0; i < COUNT_OF(directories); i++)
		mkdir_in(root, directories[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_directory(root);
	return 0;
}

static void expect(enum rule_file_state state, const char *path)
{
	struct rule_file rule;

	assert_int_equal(rule_file_find(root, &rule), 0);
	assert_int_equal(rule.state, state);
	if (path)
		assert_string_equal(rule.path + strlen(root), path);
	else
		assert_null(rule.path);
	free(rule.path);
}

static void finds_the_rule_that_takes_effect(void **state)
{
	char *mask;

	(void)state;
	expect(RULE_FILE_MISSING, NULL);
	write_in(root, "usr/lib/udev/rules.d" NAME, GOOD);
	expect(RULE_FILE_GOOD, "/usr/lib/udev/rules.d" NAME);
	write_in(root, "run/udev/rules.d" NAME, "");
	expect(RULE_FILE_MASKED, "/run/udev/rules.d" NAME);
	mask = path_in(root, "etc/udev/rules.d" NAME);
	assert_int_equal(symlink("/dev/null", mask), 0);
	expect(RULE_FILE_MASKED, "/etc/udev/rules.d" NAME);
	assert_int_equal(unlink(mask), 0);
	write_file(mask, "# a comment\n" GOOD);
	expect(RULE_FILE_GOOD, "/etc/udev/rules.d" NAME);
	free(mask);
}

static void recognises_a_rule_that_does_not_heal(void **state)
{
	static const char *const texts[] = {
		"\n",
		"# " GOOD,
		"  # " GOOD,
		"RUN+=\"/bin/true\"\n# oci-thin-grow heal\n",
		"RUN+=\"/bin/true\"\noci-thin-grow heal\n",
		/* of an installation in another directory */
		"RUN+=\"/elsewhere" PROGRAM_PATH " heal $devnode\"\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		write_in(root, "usr/lib/udev/rules.d" NAME, texts[i]);
		expect(RULE_FILE_OTHER, "/usr/lib/udev/rules.d" NAME);
	}
}

static void expect_udevd_by_socket(int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *path = path_in(root, "control");
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_int_equal(udevd_check(path), -ENOENT);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(udevd_check(path), -ECONNREFUSED); /* nothing listens yet */
	assert_int_equal(listen(fd, 1), 0);
	for (int i = 0; i < 5; i++) /* also if nothing accepts the connection */
		assert_int_equal(udevd_check(path), 0);
	close(fd);
	/* It was killed: the file stays. */
	assert_int_equal(udevd_check(path), -ECONNREFUSED);
	free(path);
}

static void reaches_a_udevd_before_systemd_258(void **state)
{
	(void)state;
	expect_udevd_by_socket(SOCK_SEQPACKET);
}

static void reaches_a_udevd_since_systemd_258(void **state)
{
	(void)state;
	expect_udevd_by_socket(SOCK_STREAM);
}

#define RULE_FILE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RULE_FILE_TEST(finds_the_rule_that_takes_effect),
		RULE_FILE_TEST(recognises_a_rule_that_does_not_heal),
		RULE_FILE_TEST(reaches_a_udevd_before_systemd_258),
		RULE_FILE_TEST(reaches_a_udevd_since_systemd_258),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
