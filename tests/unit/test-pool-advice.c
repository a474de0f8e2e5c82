/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pool-advice.h"

#include "unit.h"

#include <sys/sysmacros.h>

static char loop2[] = "/dev/loop2", loop3[] = "/dev/loop3", sdb[] = "/dev/sdb";
static char meta_file[] = "/t/meta", data_file[] = "/t/data";
static char quoted_file[] = "/t/it's", hostile_file[] = "/t/\x1b[2J";

/* 256 MiB, 96 % full, on loop devices */
static struct pool_facts facts(void)
{
	return (struct pool_facts){
		.name = "small",
		.uuid = "",
		.params = "7:2 7:3 128 0 1 skip_block_zeroing",
		.sectors = 524288,
		.block_sectors = 128,
		.data_used_blocks = 3933,
		.metadata_blocks = 1024,
		.data_percent = 95,
		.data = {loop3, data_file, 256 * MIB},
		.metadata = {loop2, meta_file, 4 * MIB},
	};
}

static void expect(char *command, const char *want)
{
	if (want)
		assert_string_equal(command, want);
	else
		assert_null(command);
	free(command);
}

static void advises_to_extend_the_file_below(void **state)
{
	struct pool_facts pool = facts();

	(void)state;
	expect(pool_extend_data(&pool),
	       "truncate -s '>336592896' /t/data && losetup -c /dev/loop3 && dmsetup load small "
	       "--table '0 655488 thin-pool 7:2 7:3 128 0 1 skip_block_zeroing' && dmsetup resume "
	       "small");
	expect(pool_extend_metadata(&pool),
	       "truncate -s '>8388608' /t/meta && losetup -c /dev/loop2 && dmsetup load small "
	       "--table "
	       "'0 524288 thin-pool 7:2 7:3 128 0 1 skip_block_zeroing' && dmsetup resume small");
}

/* The file must grow by enough to hold what the pool will use. */
static void advises_nothing_if_the_file_is_long_enough(void **state)
{
	static const uint64_t lengths[] = {128, 1024, 524288, 524416, 41943040, 1 + (1ULL << 36)};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct pool_facts pool = facts();
		unsigned long long bytes = 0, sectors = 0;
		char *command;

		pool.sectors = lengths[i];
		command = pool_extend_data(&pool);
		assert_int_equal(sscanf(command, "truncate -s '>%llu'", &bytes), 1);
		assert_int_equal(sscanf(strstr(command, "--table '0 ") + 11, "%llu", &sectors), 1);
		assert_true(bytes >= sectors * 512 && bytes % MIB == 0);
		assert_true(sectors > lengths[i] && sectors % 128 == 0);
		free(command);
	}
}

static void quotes_names_that_others_chose(void **state)
{
	struct pool_facts pool = facts();

	(void)state;
	pool.name = "a;reboot";
	pool.data.file = quoted_file;
	expect(pool_extend_data(&pool),
	       "truncate -s '>336592896' '/t/it'\\''s' && losetup -c /dev/loop3 && dmsetup load "
	       "'a;reboot' --table '0 655488 thin-pool 7:2 7:3 128 0 1 skip_block_zeroing' && "
	       "dmsetup resume 'a;reboot'");
	pool.data.file = hostile_file;
	expect(pool_extend_data(&pool), NULL);
}

static void uses_a_longer_device(void **state)
{
	struct pool_facts pool = facts();

	(void)state;
	pool.data = (struct pool_backing){sdb, NULL, 512 * MIB + 4096};
	expect(pool_extend_data(&pool), "dmsetup load small --table '0 1048576 thin-pool 7:2 7:3 "
					"128 0 1 skip_block_zeroing' && dmsetup resume small");
	/* longer, but the pool would still be too full */
	pool.data.bytes = 257 * MIB;
	expect(pool_extend_data(&pool), NULL);
	pool.metadata = (struct pool_backing){sdb, NULL, 8 * MIB};
	expect(pool_extend_metadata(&pool), "dmsetup load small --table '0 524288 thin-pool 7:2 "
					    "7:3 128 0 1 skip_block_zeroing' && dmsetup resume "
					    "small");
	pool.metadata.bytes = 4 * MIB;
	expect(pool_extend_metadata(&pool), NULL);
	pool.metadata_blocks = 16 * GIB / 4096 - 100;
	pool.metadata.file = meta_file;
	expect(pool_extend_metadata(&pool), NULL);
}

static void advises_to_clear_read_only(void **state)
{
	struct pool_facts pool = facts();

	(void)state;
	pool.params = "7:2 7:3 128 0 2 skip_block_zeroing read_only";
	expect(pool_make_writable(&pool), "dmsetup load small --table '0 524288 thin-pool 7:2 7:3 "
					  "128 0 1 skip_block_zeroing' && dmsetup resume small");
	pool.params = "7:2 7:3 128 0 1 read_only ";
	expect(pool_make_writable(&pool), "dmsetup load small --table '0 524288 thin-pool 7:2 7:3 "
					  "128 0 0' && dmsetup resume small");
	pool.params = "7:2 7:3 128 0 3 read_only no_discard_passdown error_if_no_space";
	expect(pool_make_writable(&pool), "dmsetup load small --table '0 524288 thin-pool 7:2 7:3 "
					  "128 0 2 no_discard_passdown error_if_no_space' && "
					  "dmsetup resume small");
	pool.params = "7:2 7:3 128 32768"; /* no features at all */
	expect(pool_make_writable(&pool), "dmsetup load small --table '0 524288 thin-pool 7:2 7:3 "
					  "128 32768' && dmsetup resume small");
}

static void advises_to_check_the_metadata(void **state)
{
	static const char *const thins[] = {"pool-snap-1", "small thin"};
	struct pool_facts pool = facts();

	(void)state;
	expect(pool_check(&pool),
	       "dmsetup remove --retry small && thin_check --clear-needs-check-flag /dev/loop2 && "
	       "dmsetup create small --table '0 524288 thin-pool 7:2 7:3 128 0 1 "
	       "skip_block_zeroing'");
	pool.thins = thins;
	pool.n_thins = 2;
	pool.params = "7:2 7:3 128 0 1 read_only";
	expect(pool_check(&pool),
	       "dmsetup remove --retry pool-snap-1 'small thin' && dmsetup remove --retry small && "
	       "thin_check --clear-needs-check-flag /dev/loop2 && dmsetup create small --table "
	       "'0 524288 thin-pool 7:2 7:3 128 0 0'");
	pool.metadata.node = NULL;
	expect(pool_check(&pool), NULL);
}

static void advises_lvm_commands_for_lvm_devices(void **state)
{
	struct pool_facts pool = facts();

	(void)state;
	pool.name = "vg-my--pool-tpool";
	pool.uuid = "LVM-abc-tpool";
	expect(pool_extend_data(&pool), "lvextend -L +65M vg/my-pool");
	expect(pool_extend_metadata(&pool), "lvextend --poolmetadatasize +5M vg/my-pool");
	expect(pool_check(&pool), "lvchange -an vg/my-pool && lvchange -ay vg/my-pool");
}

/* A command that LVM would refuse is not printed. */
static void advises_lvm_commands_only_if_lvm_is_installed(void **state)
{
	struct lvm_pool lvm = {.extent_bytes = 4 * MIB, .free_bytes = 68 * MIB};
	struct pool_facts pool = facts();

	(void)state;
	pool.name = "vg-pool-tpool";
	pool.uuid = "LVM-abc-tpool";
	pool.lvm = &lvm;
	expect(pool_extend_data(&pool), "lvextend -L +65M vg/pool");
	lvm.free_bytes = 64 * MIB; /* 65 MiB are 17 extents */
	expect(pool_extend_data(&pool), "lvextend -l +100%FREE vg/pool");
	lvm.free_bytes = 2 * MIB; /* the pool would still be too full */
	expect(pool_extend_data(&pool), NULL);
	lvm.free_bytes = 17 * MIB; /* 5 MiB twice, each rounded up, and no more than that */
	expect(pool_extend_metadata(&pool), NULL);
	lvm.free_bytes = 18 * MIB;
	expect(pool_extend_metadata(&pool), "lvextend --poolmetadatasize +5M vg/pool");
}

static void reads_lvm_names(void **state)
{
	static const struct {
		const char *name, *lv;
	} names[] = {
		{"vg-lv", "vg/lv"},	    {"vg-lv-tpool", "vg/lv"}, {"v--g-l--v", "v-g/l-v"},
		{"a---b", "a-/b"},	    {"a----b-c", "a--b/c"},   {"vg", NULL},
		{"a-b--c--d-e", "a/b-c-d"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		expect(pool_lvm_name(names[i].name, "LVM-x"), names[i].lv);
	expect(pool_lvm_name("vg-lv", ""), NULL);
}

static void finds_the_devices_below(void **state)
{
	char *sys = new_directory();
	struct pool_backing backing;
	dev_t metadata, data;

	(void)state;
	assert_int_equal(pool_devices("7:2 254:13 128 0", &metadata, &data), 0);
	assert_int_equal(metadata, makedev(7, 2));
	assert_int_equal(data, makedev(254, 13));
	assert_int_equal(pool_devices("/dev/loop0 x", &metadata, &data), -EINVAL);
	mkdir_in(sys, "dev");
	mkdir_in(sys, "dev/block");
	mkdir_in(sys, "dev/block/7:2");
	mkdir_in(sys, "dev/block/7:2/loop");
	write_in(sys, "dev/block/7:2/uevent", "MAJOR=7\nMINOR=2\nDEVNAME=loop2\nDEVTYPE=disk\n");
	write_in(sys, "dev/block/7:2/size", "8192\n");
	write_in(sys, "dev/block/7:2/loop/backing_file", "/t/a b\n");
	pool_backing_look(sys, makedev(7, 2), &backing);
	assert_string_equal(backing.node, "/dev/loop2");
	assert_string_equal(backing.file, "/t/a b");
	assert_int_equal(backing.bytes, 4 * MIB);
	pool_backing_free(&backing);
	write_in(sys, "dev/block/7:2/loop/backing_file", "/t/a b (deleted)\n");
	pool_backing_look(sys, makedev(7, 2), &backing);
	assert_null(backing.file);
	pool_backing_free(&backing);
	pool_backing_look(sys, makedev(7, 3), &backing);
	assert_null(backing.node);
	assert_int_equal(backing.bytes, 0);
	remove_directory(sys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advises_to_extend_the_file_below),
		cmocka_unit_test(advises_nothing_if_the_file_is_long_enough),
		cmocka_unit_test(quotes_names_that_others_chose),
		cmocka_unit_test(uses_a_longer_device),
		cmocka_unit_test(advises_to_clear_read_only),
		cmocka_unit_test(advises_to_check_the_metadata),
		cmocka_unit_test(advises_lvm_commands_for_lvm_devices),
		cmocka_unit_test(advises_lvm_commands_only_if_lvm_is_installed),
		cmocka_unit_test(reads_lvm_names),
		cmocka_unit_test(finds_the_devices_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
