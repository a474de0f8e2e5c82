/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pool-extender.h"

#include "unit.h"

#define LVM_NAME     "docker-thinpool-tpool"
#define LVM_UUID     "LVM-abc-tpool"
#define STRATIS_NAME "stratis-1-private-c5537a12176a482e8df8af23ebdce463-thinpool-pool"

static char *top; /* etc, run and proc alike */
static struct extender_places places;
static struct pool_extender extender;

/* "7/@name" leads to where @target leads. */
static void put_link(const char *name, const char *target)
{
	char *path = path_in(top, name);

	assert_true(unlink(path) == 0 || errno == ENOENT);
	assert_int_equal(symlink(target, path), 0);
	free(path);
}

/* Process 7 is root's and the host's, and calls itself @name. */
static void run_daemon(const char *name)
{
	char *pid_file = NULL, *comm = NULL;

	assert_true(asprintf(&pid_file, "%s.pid", name) > 0);
	assert_true(asprintf(&comm, "%s\n", name) > 0);
	write_in(top, pid_file, "7\n");
	write_in(top, "7/comm", comm);
	free(pid_file);
	free(comm);
}

static int setup(void **state)
{
	static const char *const directories[] = {"profile", "backup", "self",
						  "self/ns", "7",      "7/ns"};
	static const char *const links[] = {"self/ns/pid", "self/ns/user", "self/root",
					    "7/ns/pid",	   "7/ns/user",	   "7/root"};

	(void)state;
	top = new_directory();
	places = (struct extender_places){top, top, top};
	for (size_t i = 0; i < COUNT_OF(directories); i++)
		mkdir_in(top, directories[i]);
	for (size_t i = 0; i < COUNT_OF(links); i++)
		put_link(links[i], "/dev/null");
	write_in(top, "7/status", "Name:\tx\nUid:\t0\t0\t0\t0\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pool_extender_free(&extender);
	remove_directory(top);
	return 0;
}

static enum extender look(const char *name, const char *uuid, uint64_t bytes)
{
	pool_extender_free(&extender);
	pool_extender_look(&places, name, uuid, bytes, &extender);
	assert_string_equal(extender_name(extender.by),
			    extender.by == EXTENDER_DMEVENTD  ? "dmeventd"
			    : extender.by == EXTENDER_STRATIS ? "stratis"
							      : "nobody");
	return extender.by;
}

static enum extender look_at_lvm(void)
{
	return look(LVM_NAME, LVM_UUID, GIB);
}

static void expect_nobody(const char *reason)
{
	assert_int_equal(look_at_lvm(), EXTENDER_NOBODY);
	assert_int_equal(extender.percent, 0);
	assert_contains(extender.reason, reason);
}

/* 100 extents of 4 MiB, of which @free are free */
static void put_group(unsigned int free_extents)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "docker { extent_size = 8192 physical_volumes { pv0 { pe_count = 100 } }\n"
		 "logical_volumes { data { segment1 { extent_count = %u type = \"striped\" } } } }",
		 100 - free_extents);
	write_in(top, "backup/docker", text);
}

static void nobody_extends_a_pool_of_dmsetup(void **state)
{
	(void)state;
	run_daemon("dmeventd");
	write_in(top, "lvm.conf", "activation/thin_pool_autoextend_threshold = 70");
	assert_int_equal(look("docker-pool", "", GIB), EXTENDER_NOBODY);
	assert_null(extender.reason);
	assert_false(extender.is_lvm);
}

static void dmeventd_extends_at_the_threshold(void **state)
{
	(void)state;
	run_daemon("dmeventd");
	expect_nobody("is 100 by default; a profile may say otherwise: no backup of its volume "
		      "group in ");
	write_in(top, "lvm.conf", "activation/thin_pool_autoextend_threshold = 100");
	expect_nobody("is 100 in ");
	write_in(top, "lvm.conf", "activation/thin_pool_autoextend_threshold = 70");
	assert_int_equal(look_at_lvm(), EXTENDER_DMEVENTD);
	assert_int_equal(extender.percent, 70);
	assert_contains(extender.lvm.source, "/lvm.conf");
	assert_null(extender.reason);
	/* LVM's own limit */
	write_in(top, "lvm.conf", "activation/thin_pool_autoextend_threshold = 20");
	assert_int_equal(look_at_lvm(), EXTENDER_DMEVENTD);
	assert_int_equal(extender.percent, 50);
}

static void dmeventd_must_be_told_to(void **state)
{
	(void)state;
	run_daemon("dmeventd");
	write_in(top, "lvm.conf",
		 "activation { thin_pool_autoextend_threshold = 70 monitoring = 0 }");
	expect_nobody("activation/monitoring is 0");
	write_in(top, "lvm.conf",
		 "activation { thin_pool_autoextend_threshold = 70\n"
		 "thin_pool_autoextend_percent = 0 }");
	expect_nobody("thin_pool_autoextend_percent is 0");
}

/* lvextend adds a percentage of the pool, or nothing. */
static void the_group_must_have_room_for_a_step(void **state)
{
	(void)state;
	run_daemon("dmeventd");
	write_in(top, "lvm.conf",
		 "activation { thin_pool_autoextend_threshold = 70\n"
		 "thin_pool_autoextend_percent = 20 }");
	put_group(51); /* 20 % of 1 GiB are 51.2 extents */
	assert_int_equal(look_at_lvm(), EXTENDER_DMEVENTD);
	put_group(50);
	expect_nobody("dmeventd would add ");
	assert_contains(extender.reason, "and its volume group has 200 MiB free");
	put_group(0);
	expect_nobody("its volume group has nothing free");
}

static void dmeventd_is_roots_process_on_the_host(void **state)
{
	(void)state;
	write_in(top, "lvm.conf", "activation/thin_pool_autoextend_threshold = 70");
	expect_nobody("dmeventd does not run");
	run_daemon("dmeventd");
	assert_int_equal(look_at_lvm(), EXTENDER_DMEVENTD);
	/* another process has the pid: a user's, a container's, or one with another name */
	write_in(top, "7/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n");
	expect_nobody("dmeventd does not run");
	write_in(top, "7/status", "Name:\tx\nUid:\t0\t0\t0\t0\n");
	put_link("7/root", "/dev/zero");
	expect_nobody("dmeventd does not run");
	put_link("7/root", "/dev/null");
	assert_int_equal(look_at_lvm(), EXTENDER_DMEVENTD);
	write_in(top, "7/comm", "dmeventd2\n");
	expect_nobody("dmeventd does not run");
	write_in(top, "7/comm", "dmeventd\n");
	write_in(top, "dmeventd.pid", "8\n");
	expect_nobody("dmeventd does not run");
	write_in(top, "dmeventd.pid", "self\n");
	expect_nobody("dmeventd does not run");
}

static void stratisd_extends_its_own_pools(void **state)
{
	(void)state;
	assert_int_equal(look(STRATIS_NAME, STRATIS_NAME, GIB), EXTENDER_NOBODY);
	assert_string_equal(extender.reason, "stratisd does not run");
	run_daemon("stratisd");
	assert_int_equal(look(STRATIS_NAME, STRATIS_NAME, GIB), EXTENDER_STRATIS);
	assert_null(extender.reason);
	/* anybody may choose a name */
	assert_int_equal(look(STRATIS_NAME, "", GIB), EXTENDER_NOBODY);
	assert_int_equal(look(STRATIS_NAME, "stratis-1-private-c553-flex-thindata", GIB),
			 EXTENDER_NOBODY);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_extends_a_pool_of_dmsetup),
		TEST(dmeventd_extends_at_the_threshold),
		TEST(dmeventd_must_be_told_to),
		TEST(the_group_must_have_room_for_a_step),
		TEST(dmeventd_is_roots_process_on_the_host),
		TEST(stratisd_extends_its_own_pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
