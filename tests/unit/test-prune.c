/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/prune.h"

#include "disk/ledger.h"
#include "disk/thin.h"
#include "fake-dm.h"
#include "unit.h"

#define NAME "docker-8:1-42-thin"

static char *parent, *dir;
static struct why why;
static int told;

static int setup(void **state)
{
	(void)state;
	fake_dm_arm(2097152);
	parent = new_directory();
	dir = path_in(parent, "ledger");
	told = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_false(fake_dm.probe_exists);
	assert_string_equal(fake_dm.log, "");
	fake_dm_disarm();
	remove_directory(parent);
	free(dir);
	return 0;
}

static void put(const char *device, const char *pool, uint32_t thin_id)
{
	struct ledger_entry entry = {.thin_id = thin_id, .sectors = 8388608};

	snprintf(entry.device, sizeof(entry.device), "%s", device);
	snprintf(entry.pool, sizeof(entry.pool), "%s", pool);
	assert_int_equal(ledger_boot_id(entry.boot_id), 0);
	assert_int_equal(ledger_write(dir, &entry, &why), 0);
}

static void report(const char *device, void *context)
{
	assert_string_equal(device, context);
	told++;
}

/* Prunes; is the entry of @device removed and reported? */
static bool is_pruned(const char *device)
{
	const struct prune_order order = {
		.ledger_dir = dir, .report = report, .context = (char *)(uintptr_t)device};
	struct ledger_entry entry;

	told = 0;
	assert_int_equal(prune_ledger(&order, &why), 0);
	if (ledger_read(dir, device, &entry, &why) == 1) {
		assert_int_equal(told, 0);
		return false;
	}
	assert_int_equal(told, 1);
	return true;
}

static void keeps_entries_of_active_devices(void **state)
{
	(void)state;
	put(NAME, "docker-pool", 17);
	assert_false(is_pruned(NAME));
}

static void keeps_entries_of_stopped_containers(void **state)
{
	(void)state;
	put("docker-8:1-42-stopped", "docker-pool", 18);
	fake_dm.thin_ids[0] = 18;
	assert_false(is_pruned("docker-8:1-42-stopped"));
	assert_int_equal(fake_dm.count[DM_DEVICE_CREATE], 1);
}

static void prunes_entries_whose_thin_id_is_gone(void **state)
{
	(void)state;
	put("docker-8:1-42-stopped", "docker-pool", 18);
	assert_true(is_pruned("docker-8:1-42-stopped"));
}

/* A backup of a stopped container activates its thin id under another name. */
static void keeps_entries_of_devices_active_under_another_name(void **state)
{
	(void)state;
	fake_dm.thin.name = "backup-of-web";
	put(NAME, "docker-pool", 17);
	assert_false(is_pruned(NAME));
	fake_dm.thin.read_only = true;
	assert_false(is_pruned(NAME));
}

/* Another device has the name: its next growth replaces the entry, nothing else does. */
static void keeps_entries_of_renamed_devices(void **state)
{
	(void)state;
	put(NAME, "docker-pool", 16);
	fake_dm.thin_ids[0] = 16;
	assert_false(is_pruned(NAME));
	fake_dm.thin_ids[0] = 0;
	assert_true(is_pruned(NAME));
}

static void keeps_entries_if_in_doubt(void **state)
{
	(void)state;
	put("other-snap-7", "other-pool", 7); /* not active */
	assert_false(is_pruned("other-snap-7"));
	put("other-snap-8", NAME, 8); /* no pool */
	assert_false(is_pruned("other-snap-8"));
	put("stopped", "docker-pool", 18);
	for (int type = 0; type < 3; type++) {
		static const int types[] = {DM_DEVICE_CREATE, DM_DEVICE_RELOAD, DM_DEVICE_TABLE};

		fake_dm.fault = (struct fake_when){types[type], 1};
		fake_dm.fault_errno = EIO;
		fake_dm.fault_lasts = true;
		memset(fake_dm.count, 0, sizeof(fake_dm.count));
		assert_false(is_pruned("stopped"));
	}
	fake_dm.fault = (struct fake_when){0};
	fake_dm.log[0] = '\0';
	assert_true(is_pruned("stopped"));
}

static void removes_what_a_killed_run_left(void **state)
{
	(void)state;
	fake_dm.probe_exists = true;
	put("stopped", "docker-pool", 18);
	assert_true(is_pruned("stopped"));
}

static void a_dry_run_only_reports(void **state)
{
	const struct prune_order order = {.ledger_dir = dir,
					  .dry_run = true,
					  .report = report,
					  .context = (char[]){"stopped"}};
	struct ledger_entry entry;

	(void)state;
	put("stopped", "docker-pool", 18);
	assert_int_equal(prune_ledger(&order, &why), 0);
	assert_int_equal(told, 1);
	assert_int_equal(ledger_read(dir, "stopped", &entry, &why), 1);
}

static void needs_no_ledger(void **state)
{
	const struct prune_order order = {.ledger_dir = dir, .report = report};

	(void)state;
	assert_int_equal(prune_ledger(&order, &why), 0);
	write_in(parent, "ledger", "");
	assert_int_equal(prune_ledger(&order, &why), -ENOTDIR);
}

#define PRUNE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PRUNE_TEST(keeps_entries_of_active_devices),
		PRUNE_TEST(keeps_entries_of_stopped_containers),
		PRUNE_TEST(prunes_entries_whose_thin_id_is_gone),
		PRUNE_TEST(keeps_entries_of_devices_active_under_another_name),
		PRUNE_TEST(keeps_entries_of_renamed_devices),
		PRUNE_TEST(keeps_entries_if_in_doubt),
		PRUNE_TEST(removes_what_a_killed_run_left),
		PRUNE_TEST(a_dry_run_only_reports),
		PRUNE_TEST(needs_no_ledger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
