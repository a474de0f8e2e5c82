/* SPDX-License-Identifier: Apache-2.0 */
#include "host/survey.h"

#include "daemon/child.h"
#include "disk/growd-lock.h"
#include "fake-dm.h"
#include "fake-fs.h"
#include "fake-udev.h"
#include "unit.h"

#define DEVICE	      "docker-8:1-42-thin" /* as fake_dm_arm() makes it: id 17 in docker-pool */
#define SECTORS(size) ((size) / SECTOR_BYTES)

static char *dir, *parent;
static struct survey survey;
static struct why why;
static int complaints;
static struct why complaint;
static struct survey_order order;
static struct extender_places places;
static struct rootfs rootfs;

static void complain(const struct why *of)
{
	complaints++;
	complaint = *of;
}

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	dir = path_in(parent, "ledger");
	fake_dm_arm(SECTORS(GIB));
	fake_fs_arm(FS_EXT4, GIB, &rootfs);
	fake_udev_heals();
	fake_udev.dm_name = DEVICE;
	complaints = 0;
	places = (struct extender_places){parent, parent, parent};
	order = (struct survey_order){
		.policy = &policy_builtin,
		.run_dir = parent,
		.ledger_dir = dir,
		.healing = &fake_host_heals,
		.places = &places,
		.complain = complain,
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	survey_free(&survey);
	rootfs_close(&rootfs);
	fake_fs_disarm();
	fake_dm_disarm();
	fake_udev_heals();
	remove_directory(parent);
	free(dir);
	return 0;
}

static void take(void)
{
	survey_free(&survey);
	assert_int_equal(survey_take(&order, &survey, &why), 0);
}

static void note(enum ledger_state state, uint64_t bytes, uint32_t thin_id)
{
	struct ledger_entry entry = {
		.device = DEVICE,
		.pool = "docker-pool",
		.thin_id = thin_id,
		.sectors = SECTORS(bytes),
		.state = state,
		.boot_id = "5a3b1c70-0a1b-4c2d-8e3f-9a0b1c2d3e4f",
		.mount_count = 3,
	};

	memcpy(entry.fs_uuid, "0123456789abcdef", sizeof(entry.fs_uuid));

	assert_int_equal(ledger_write(dir, &entry, &why), 0);
}

/* A container with a filesystem of @fs_bytes, on the device if that is active. */
static enum risk judge(uint64_t remembered, uint64_t fs_bytes)
{
	struct engine_container container = {.engine = "docker", .remembered = remembered};
	struct inventory row = {
		.container = &container,
		.device = (char *)(uintptr_t)DEVICE,
		.dev = fake_dm.thin.gone ? 0 : FAKE_THIN,
		.filesystem_bytes = fs_bytes,
	};

	take();
	return survey_judge(&survey, &row);
}

static void finds_pool_and_device(void **state)
{
	(void)state;
	take();
	assert_int_equal(survey.n_pools, 1);
	assert_string_equal(survey.pools[0].status.name, "docker-pool");
	assert_int_equal(survey.pools[0].status.data_used_blocks, 100000);
	assert_int_equal(survey.pools[0].virtual_bytes, GIB);
	assert_int_equal(survey.pools[0].active, 1);
	assert_int_equal(survey.pools[0].extender.by, EXTENDER_NOBODY);
	assert_null(survey.pools[0].extender.reason);
	assert_int_equal(survey.n_devices, 1);
	assert_true(survey.devices[0].healed);
	assert_int_equal(survey.engine_devices, 1);
	assert_int_equal(survey.unhealed_devices, 0);
	assert_int_equal(survey.n_entries + survey.damaged_entries + survey.unread, 0);
	assert_int_equal(complaints, 0);
}

static void knows_who_extends_a_pool(void **state)
{
	(void)state;
	fake_dm.pool.name = "vg-docker-tpool";
	fake_dm.pool.uuid = "LVM-abc-tpool";
	take();
	assert_int_equal(survey.pools[0].extender.by, EXTENDER_NOBODY);
	assert_true(survey.pools[0].extender.is_lvm);
	assert_contains(survey.pools[0].extender.reason, "is 100 by default");
}

static void knows_when_a_pool_is_full(void **state)
{
	char name[] = "docker-pool";
	struct daemon_pool watched = {.device = name, .bytes_per_second = 64 * KIB};
	const struct daemon_state running = {
		.at_ms = boottime_now(), .pools = &watched, .n_pools = 1};
	int fd;

	(void)state;
	assert_int_equal(daemon_state_write(parent, &running), 0);
	take();
	assert_false(survey.daemon_runs || survey.pools[0].forecast.known);
	fd = growd_lock(parent);
	assert_true(fd >= 0);
	take();
	assert_true(survey.daemon_runs);
	assert_int_equal(survey.pools[0].forecast.seconds, 1638400 - 100000);
	close(fd);
}

static void knows_what_the_daemon_knows_of_a_device(void **state)
{
	char device[] = DEVICE, other[] = "other";
	struct daemon_disk disks[] = {{.device = other}, {.device = device, .max = 5 * GIB}};
	const struct daemon_state running = {
		.at_ms = boottime_now(), .disks = disks, .n_disks = COUNT_OF(disks)};
	const struct inventory row = {.device = device};
	int fd;

	(void)state;
	assert_int_equal(daemon_state_write(parent, &running), 0);
	fd = growd_lock(parent);
	take();
	assert_int_equal(survey_disk(&survey, &row)->max, 5 * GIB);
	disks[1].state = DISK_LEFT;
	assert_int_equal(daemon_state_write(parent, &running), 0);
	take();
	assert_null(survey_disk(&survey, &row));
	close(fd);
}

static void counts_containers_whose_disk_is_in_use(void **state)
{
	char device[] = DEVICE, other[] = "vm-disk";
	struct engine_container containers[] = {
		{.engine = "docker", .device = device, .pid = getpid()},
		{.engine = "docker", .device = device},
		{.engine = "docker", .device = other, .pid = getpid()},
	};
	const struct engine_list list = {containers, COUNT_OF(containers)};

	(void)state;
	take();
	survey_count(&survey, &list, &policy_builtin);
	assert_int_equal(survey.pools[0].containers, 1);
}

static void a_mark_of_an_earlier_device_of_this_name_is_ignored(void **state)
{
	char device[] = DEVICE;
	const struct engine_container container = {.engine = "containerd"};
	const struct inventory row = {
		.container = &container, .device = device, .thin_id = 17, .opens = 1};

	(void)state;
	note(LEDGER_DONE, GIB, 17);
	take();
	survey.entries[0].in_vm = true;
	assert_true(survey_is_in_vm(&survey, &row));
	survey.entries[0].thin_id = 16;
	assert_false(survey_is_in_vm(&survey, &row));
}

/* The host is in use: no commit of the pool, and no change of a device. */
static void changes_nothing(void **state)
{
	(void)state;
	note(LEDGER_INTENDED, 4 * GIB, 17);
	take();
	assert_int_equal(fake_dm.commits, 0);
	assert_string_equal(fake_dm.log, "");
	assert_false(fake_dm.probe_exists);
}

static void counts_a_device_for_its_own_pool(void **state)
{
	(void)state;
	snprintf(fake_dm.thin.live.params, sizeof(fake_dm.thin.live.params), "1234:9 17");
	take();
	assert_int_equal(survey.n_pools, 1);
	assert_int_equal(survey.pools[0].virtual_bytes, 0);
	assert_int_equal(survey.pools[0].active, 0);
}

static void asks_udev_about_devices_of_engines_only(void **state)
{
	(void)state;
	fake_udev.cookie = "6291456"; /* nothing waits */
	fake_udev.lookups = 0;
	fake_dm.thin.name = "vm-disk";
	take();
	assert_int_equal(fake_udev.lookups, 0);
	assert_int_equal(survey.engine_devices, 0);
	assert_true(survey.devices[0].healed);
	fake_dm.thin.name = DEVICE;
	fake_dm.thin.uuid = "LVM-abc";
	take();
	assert_int_equal(survey.engine_devices, 0);
	fake_dm.thin.uuid = "";
	take();
	assert_int_equal(survey.unhealed_devices, 1);
	assert_false(survey.devices[0].healed);
}

static void continues_without_what_cannot_be_read(void **state)
{
	(void)state;
	note(LEDGER_DONE, 4 * GIB, 17);
	write_in(dir, "damaged", "?");
	snprintf(fake_dm.pool_status, sizeof(fake_dm.pool_status), "nonsense");
	take();
	assert_int_equal(survey.n_pools, 0);
	assert_int_equal(survey.n_devices, 1);
	assert_int_equal(survey.n_entries, 1);
	assert_int_equal(survey.damaged_entries, 1);
	assert_int_equal(survey.unread, 1);
	assert_int_equal(complaints, 2);
	assert_contains(complaint.text, "damaged");
	assert_int_equal(chmod(dir, 0777), 0);
	take();
	assert_int_equal(survey.n_entries, 0);
	assert_int_equal(survey.unread, 2);
}

static void needs_device_mapper(void **state)
{
	(void)state;
	fake_dm.fault = (struct fake_when){DM_DEVICE_LIST, 1};
	fake_dm.fault_errno = EPERM;
	assert_int_equal(survey_take(&order, &survey, &why), -EPERM);
	assert_contains(why.text, "listing device-mapper devices");
}

static void nothing_is_at_risk_on_a_host_that_heals(void **state)
{
	(void)state;
	assert_int_equal(judge(0, GIB), RISK_NONE);
	assert_int_equal(judge(GIB, GIB), RISK_NONE);
	fake_dm.thin.live.sectors = SECTORS(4 * GIB);
	assert_int_equal(judge(GIB, 4 * GIB), RISK_NONE);
	note(LEDGER_DONE, 4 * GIB, 17);
	assert_int_equal(judge(GIB, 4 * GIB), RISK_NONE);
	fake_dm.thin.gone = true;
	assert_int_equal(judge(GIB, 0), RISK_NONE);
	fake_dm.thin.gone = false;
	fake_udev.cookie = NULL; /* the rule came later: it will see the next one */
	assert_int_equal(judge(GIB, 4 * GIB), RISK_NONE);
	fake_udev.cookie = "6291456"; /* its engine does not wait */
	assert_int_equal(judge(GIB, 4 * GIB), RISK_NOT_HEALED);
}

static void a_grown_device_that_is_not_healed_is_at_risk(void **state)
{
	(void)state;
	fake_dm.thin.live.sectors = SECTORS(4 * GIB);
	order.healing = &fake_host_without_rule;
	assert_int_equal(judge(GIB, GIB), RISK_NONE);
	assert_int_equal(judge(0, 4 * GIB), RISK_NONE); /* it may have been created this long */
	assert_int_equal(judge(4 * GIB, 4 * GIB), RISK_NONE);
	assert_int_equal(judge(GIB, GIB + 1), RISK_NOT_HEALED);
	note(LEDGER_DONE, 4 * GIB, 17);
	assert_int_equal(judge(0, 4 * GIB), RISK_NOT_HEALED);
	assert_int_equal(judge(0, 0), RISK_NOT_HEALED);
	assert_int_equal(judge(GIB, 0), RISK_NOT_HEALED);
	assert_int_equal(judge(4 * GIB, 4 * GIB),
			 RISK_NONE); /* created by an engine that knows the size */
	note(LEDGER_DONE, 4 * GIB, 18);
	assert_int_equal(judge(0, 4 * GIB), RISK_NONE); /* of another device of that name */
}

static void only_devices_of_engines_are_at_risk(void **state)
{
	struct engine_container container = {.engine = "runc", .remembered = GIB};
	struct inventory row = {.container = &container, .filesystem_bytes = 4 * GIB};

	(void)state;
	order.healing = &fake_host_without_rule;
	fake_dm.thin.live.sectors = SECTORS(4 * GIB);
	take();
	row.dev = FAKE_THIN;
	row.device = (char *)(uintptr_t) "vm-disk";
	assert_int_equal(survey_judge(&survey, &row), RISK_NONE);
	row.device = (char *)(uintptr_t)DEVICE;
	assert_int_equal(survey_judge(&survey, &row), RISK_NOT_HEALED);
}

static void a_device_that_is_too_short_is_at_risk(void **state)
{
	(void)state;
	note(LEDGER_DONE, 4 * GIB, 17);
	assert_int_equal(judge(0, 0), RISK_TOO_SHORT);
	fake_dm.thin.live.sectors = SECTORS(4 * GIB);
	assert_int_equal(judge(0, 0), RISK_NONE);
}

static void finds_interrupted_growths(void **state)
{
	(void)state;
	note(LEDGER_INTENDED, 4 * GIB, 17);
	assert_int_equal(judge(GIB, GIB), RISK_UNFINISHED);
	fake_dm.thin.gone = true;
	assert_int_equal(judge(GIB, 0), RISK_UNFINISHED);
	fake_dm.thin.gone = false;
	order.healing = &fake_host_without_rule;
	assert_int_equal(judge(GIB, GIB), RISK_NOT_HEALED);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_pool_and_device),
		TEST(knows_who_extends_a_pool),
		TEST(knows_when_a_pool_is_full),
		TEST(knows_what_the_daemon_knows_of_a_device),
		TEST(counts_containers_whose_disk_is_in_use),
		TEST(a_mark_of_an_earlier_device_of_this_name_is_ignored),
		TEST(changes_nothing),
		TEST(counts_a_device_for_its_own_pool),
		TEST(asks_udev_about_devices_of_engines_only),
		TEST(continues_without_what_cannot_be_read),
		TEST(needs_device_mapper),
		TEST(nothing_is_at_risk_on_a_host_that_heals),
		TEST(a_grown_device_that_is_not_healed_is_at_risk),
		TEST(only_devices_of_engines_are_at_risk),
		TEST(a_device_that_is_too_short_is_at_risk),
		TEST(finds_interrupted_growths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
