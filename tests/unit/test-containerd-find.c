/* SPDX-License-Identifier: Apache-2.0 */

/* One container and its disk, from databases in tests/data */

#include "engine/containerd-find.h"

#include "base/cleanup.h"

#include "containerd-fixture.h"

static char *root;
static struct engine_roots roots;
static struct containerd_record record;
static struct why why;

static int setup(void **state)
{
	(void)state;
	root = new_containerd(&roots);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	containerd_record_free(&record);
	remove_directory(root);
	return 0;
}

static int find(const char *ns, const char *id)
{
	containerd_record_free(&record);
	why.text[0] = '\0';
	return containerd_find(&roots, ns, id, &record, &why);
}

static void finds_a_container_and_what_its_disk_is_made_of(void **state)
{
	(void)state;
	assert_int_equal(find("default", "one"), 1);
	assert_string_equal(record.runtime, "io.containerd.runc.v2");
	assert_string_equal(record.key, "one");
	assert_string_equal(record.device, "pool-snap-2");
	assert_int_equal(record.thin_id, 2);
	assert_int_equal(record.n_parents, 1);
	assert_int_equal(strncmp(record.parents[0].key, "sha256:", 7), 0);
	assert_string_equal(record.parents[0].device, "pool-snap-1");
}

static void there_is_no_such_container(void **state)
{
	(void)state;
	assert_int_equal(find("default", "two"), 0);
	assert_int_equal(find("other", "one"), 0);
	assert_int_equal(find("default", "../one"), -EINVAL);
	remove_directory(root);
	root = new_directory();
	assert_int_equal(find("default", "one"), 0);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	static const char *const files[] = {META, STORE "metadata.db", STORE "pool.db"};

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		write_below(root, files[i], "torn");
		assert_int_equal(find("default", "one"), -EAGAIN);
		assert_contains(why.text, files[i]);
		teardown(state);
		setup(state);
	}
}

static void the_bundle_leads_to_its_containerd(void **state)
{
	static const struct {
		const char *work, *found;
	} links[] = {
		{"/var/lib/c/io.containerd.runtime.v2.task/default/one", "/var/lib/c"},
		{"/io.containerd.runtime.v2.task/default/one", NULL},
		{"/var/lib/c/io.containerd.runtime.v2.task/default/two", NULL},
		{"var/lib/c/io.containerd.runtime.v2.task/default/one", NULL},
		{"/var/lib/c", NULL},
	};
	_cleanup_free_ char *work = path_in(root, "work");

	(void)state;
	assert_null(containerd_root_of_bundle(root, "default", "one"));
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		_cleanup_free_ char *found = NULL;

		assert_int_equal(symlink(links[i].work, work), 0);
		found = containerd_root_of_bundle(root, "default", "one");
		if (links[i].found)
			assert_string_equal(found, links[i].found);
		else
			assert_null(found);
		assert_int_equal(unlink(work), 0);
	}
}

static void knows_whether_a_container_or_its_snapshot_is_there(void **state)
{
	(void)state;
	assert_int_equal(containerd_has(root, "default", "one", &why), 1);
	assert_int_equal(containerd_has(root, "default", "two", &why), 0);
	/* a snapshot without a container, here of a layer */
	assert_int_equal(find("default", "one"), 1);
	assert_int_equal(containerd_has(root, "default", record.parents[0].key, &why), 1);
	assert_int_equal(containerd_has(root, "other", "one", &why), 0);
	assert_int_equal(containerd_has("/nowhere", "default", "one", &why), -ENOENT);
	write_below(root, META, "torn");
	assert_true(containerd_has(root, "default", "two", &why) < 0);
}

static void runtimes_that_mount_the_rootfs_are_known(void **state)
{
	(void)state;
	assert_true(containerd_runtime_mounts("io.containerd.runc.v2"));
	assert_true(containerd_runtime_mounts("io.containerd.runtime.v1.linux"));
	assert_true(containerd_runtime_mounts("/usr/bin/containerd-shim-runsc-v1"));
	assert_false(containerd_runtime_mounts("io.containerd.kata.v2"));
	assert_false(containerd_runtime_mounts("io.containerd.oci-thin-grow-runc.v2"));
	assert_false(containerd_runtime_mounts("/usr/bin/runc"));
	assert_false(containerd_runtime_mounts(""));
}

#define FIND_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIND_TEST(finds_a_container_and_what_its_disk_is_made_of),
		FIND_TEST(there_is_no_such_container),
		FIND_TEST(what_cannot_be_read_is_an_error),
		FIND_TEST(the_bundle_leads_to_its_containerd),
		FIND_TEST(knows_whether_a_container_or_its_snapshot_is_there),
		FIND_TEST(runtimes_that_mount_the_rootfs_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
