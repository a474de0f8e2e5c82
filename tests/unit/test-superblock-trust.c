/* SPDX-License-Identifier: Apache-2.0 */
#include "job/superblock-trust.h"

#include "disk/ledger.h"

#include "unit.h"

#define LAYER	    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GIB_SECTORS UINT64_C(2097152)

static char *dir, texts[24][80];
static size_t n_texts;
static struct provenance_snapshot parents[2];
static struct provenance found;
static struct why why;

static char *keep(const char *text)
{
	assert_true(n_texts < COUNT_OF(texts));
	snprintf(texts[n_texts], sizeof(texts[0]), "%s", text);
	return texts[n_texts++];
}

static struct provenance_snapshot snapshot(const char *device, int64_t thin_id, const char *key)
{
	return (struct provenance_snapshot){
		.device = keep(device),
		.thin_id = thin_id,
		.name = keep(key),
		.ns = keep("default"),
		.key = keep(key),
	};
}

/* A container of runc's, made from an image of two layers. */
static int setup(void **state)
{
	(void)state;
	n_texts = 0;
	dir = new_directory();
	parents[0] = snapshot("pool-snap-2", 2, LAYER);
	parents[1] = snapshot("pool-snap-1", 1, LAYER);
	found = (struct provenance){.self = snapshot("pool-snap-3", 3, "web"),
				    .has_owner_db = true,
				    .has_container = true,
				    .parents = parents,
				    .n_parents = 2};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_directory(dir);
	return 0;
}

static void expect_trusted(void)
{
	assert_true(superblock_trust_in(&found, dir, &why) == UINT64_MAX);
}

static void expect_sectors(uint64_t sectors, const char *reason)
{
	why.text[0] = '\0';
	assert_int_equal(superblock_trust_in(&found, dir, &why), sectors);
	assert_contains(why.text, reason);
}

static void put_entry(const char *device, uint32_t thin_id, uint64_t sectors, bool in_vm)
{
	struct ledger_entry entry = {
		.thin_id = thin_id, .sectors = sectors, .state = LEDGER_DONE, .in_vm = in_vm};

	snprintf(entry.device, sizeof(entry.device), "%s", device);
	snprintf(entry.pool, sizeof(entry.pool), "pool");
	assert_int_equal(ledger_boot_id(entry.boot_id), 0);
	ledger_set_source(&entry, "test");
	if (ledger_write(dir, &entry, &why) < 0)
		fail_msg("%s", why.text);
}

static void what_the_host_has_written_is_believed(void **state)
{
	(void)state;
	expect_trusted();
	/* activated for the first time */
	found.self.name = found.self.ns = found.self.key = NULL;
	found.has_owner_db = found.has_container = false;
	expect_trusted();
	/* a layer of an image */
	found.self = snapshot("pool-snap-3", 3, LAYER);
	found.has_owner_db = true;
	expect_trusted();
	found.n_parents = 0;
	expect_trusted();
}

/* Docker's containers have records only while they run, and a layer of its own below them. */
static void dockers_are_believed(void **state)
{
	(void)state;
	found.has_container = false;
	found.self.ns = parents[0].ns = keep("moby");
	parents[0].key = keep("0123-init");
	expect_trusted();
}

static void a_runtime_of_virtual_machines_is_not(void **state)
{
	(void)state;
	found.runtime = keep("io.containerd.kata.v2");
	expect_sectors(0, "its container's runtime, io.containerd.kata.v2, may give it to a "
			  "virtual machine");
}

static void a_snapshot_of_no_container_is_not(void **state)
{
	(void)state;
	found.has_container = false;
	expect_sectors(0, "the snapshot \"web\" is no container's");
}

static void a_snapshot_whose_containerd_is_not_known_is_not(void **state)
{
	(void)state;
	found.has_container = found.has_owner_db = false;
	expect_sectors(0, "add its root to data_roots");
}

static void what_was_made_from_a_committed_snapshot_is_not(void **state)
{
	(void)state;
	parents[1].key = keep("backup");
	expect_sectors(0, "it was made from the snapshot \"backup\"");
	found.self.name = found.self.ns = found.self.key = NULL;
	found.has_owner_db = found.has_container = false;
	expect_sectors(0, "it was made from the snapshot \"backup\"");
	parents[1].key = NULL;
	expect_sectors(0, "it was made from the snapshot \"pool-snap-1\"");
}

static void what_was_made_from_a_marked_device_is_not(void **state)
{
	(void)state;
	put_entry("pool-snap-2", 2, GIB_SECTORS, true);
	expect_sectors(GIB_SECTORS, "was given to a virtual machine");
}

static void nor_what_was_made_from_one_whose_entry_cannot_be_read(void **state)
{
	char *entry = path_in(dir, "pool-snap-2");

	(void)state;
	write_file(entry, "?");
	expect_sectors(0, "was given to a virtual machine");
	free(entry);
}

/* So a container made from a grown and committed one starts. */
static void it_gets_what_its_parents_had(void **state)
{
	(void)state;
	parents[0].key = keep("backup");
	put_entry("pool-snap-2", 2, 4 * GIB_SECTORS, false);
	put_entry("pool-snap-1", 1, 2 * GIB_SECTORS, false);
	expect_sectors(4 * GIB_SECTORS, "backup");
	put_entry("pool-snap-2", 7, 4 * GIB_SECTORS, false); /* another device of that name */
	expect_sectors(2 * GIB_SECTORS, "backup");
	put_entry("pool-snap-3", 3, 8 * GIB_SECTORS, false); /* its own: heal asks for that */
	expect_sectors(2 * GIB_SECTORS, "backup");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_host_has_written_is_believed),
		TEST(dockers_are_believed),
		TEST(a_runtime_of_virtual_machines_is_not),
		TEST(a_snapshot_of_no_container_is_not),
		TEST(a_snapshot_whose_containerd_is_not_known_is_not),
		TEST(what_was_made_from_a_committed_snapshot_is_not),
		TEST(what_was_made_from_a_marked_device_is_not),
		TEST(nor_what_was_made_from_one_whose_entry_cannot_be_read),
		TEST(it_gets_what_its_parents_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
