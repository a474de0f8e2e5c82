/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/provenance.h"

#include "containerd-fixture.h"

static char *root;
static struct engine_roots roots;
static struct provenance found;
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
	provenance_free(&found);
	remove_directory(root);
	return 0;
}

static int read_it(const char *device, int64_t thin_id)
{
	provenance_free(&found);
	why.text[0] = '\0';
	return provenance_read(&roots, device, thin_id, &found, &why);
}

static void finds_the_snapshot_its_parents_and_whether_it_has_a_container(void **state)
{
	(void)state;
	assert_int_equal(read_it("pool-snap-2", 2), 1);
	assert_string_equal(found.self.ns, "default");
	assert_string_equal(found.self.key, "one");
	assert_true(found.has_owner_db);
	assert_true(found.has_container);
	assert_null(found.runtime);
	assert_int_equal(found.n_parents, 1);
	assert_string_equal(found.parents[0].device, "pool-snap-1");
	assert_int_equal(found.parents[0].thin_id, 1);
	assert_true(provenance_is_image_layer(found.parents[0].key));
	/* removed from meta.db, and not yet from the snapshotter */
	assert_int_equal(read_it("pool-snap-3", 3), 1);
	assert_string_equal(found.self.key, "two");
	assert_false(found.has_owner_db);
	/* a layer of the image */
	assert_int_equal(read_it("pool-snap-1", 1), 1);
	assert_true(provenance_is_image_layer(found.self.key));
	assert_true(found.has_owner_db);
	assert_false(found.has_container);
	assert_int_equal(found.n_parents, 0);
}

/* Docker 28: its containers have a layer of their own below them, and a record only while they run.
 */
static void finds_dockers(void **state)
{
	(void)state;
	put_with(root, "bolt-containerd-1.7-meta", META, NULL, NULL);
	put_with(root, "bolt-containerd-1.7-snapshots", INDEX, NULL, NULL);
	put_with(root, "bolt-containerd-1.7-devices", POOL, NULL, NULL);
	assert_int_equal(read_it("pool-snap-3", 3), 1);
	assert_string_equal(found.self.ns, "moby");
	assert_true(found.has_owner_db);
	assert_false(found.has_container);
	assert_int_equal(found.n_parents, 2);
	assert_string_equal(found.parents[0].ns, "moby");
	assert_false(provenance_is_image_layer(found.parents[0].key));
	assert_true(provenance_is_image_layer(found.parents[1].key));
}

static void names_a_runtime_that_may_start_virtual_machines(void **state)
{
	(void)state;
	put_with(root, META_DATA, META, "io.containerd.runc.v2", "io.containerd.kata.v2");
	assert_int_equal(read_it("pool-snap-2", 2), 1);
	assert_string_equal(found.runtime, "io.containerd.kata.v2");
}

static void a_runtime_that_is_not_known_may_start_them(void **state)
{
	(void)state;
	put_with(root, META_DATA, META, "nameio.containerd.runc.v2", "nam_io.containerd.runc.v2");
	assert_int_equal(read_it("pool-snap-2", 2), 1);
	assert_true(found.has_container);
	assert_string_equal(found.runtime, "unknown");
}

/* In the pool's database only: the snapshot's transaction is not done yet. */
static void a_first_activation_has_parents_and_no_snapshot(void **state)
{
	(void)state;
	put_with(root, "bolt-containerd-1.6-devices", POOL, "pool-snap-4", "pool-snap-9");
	assert_int_equal(read_it("pool-snap-9", 4), 1);
	assert_null(found.self.key);
	assert_false(found.has_owner_db);
	assert_int_equal(found.n_parents, 1);
	assert_true(provenance_is_image_layer(found.parents[0].key));
}

static void a_parent_without_a_snapshot_has_no_key(void **state)
{
	(void)state;
	put_with(root, "bolt-containerd-1.6-devices", POOL, "parent_name\":\"pool-snap-1",
		 "parent_name\":\"pool-snap-9");
	assert_int_equal(read_it("pool-snap-2", 2), 1);
	assert_int_equal(found.n_parents, 1);
	assert_string_equal(found.parents[0].device, "pool-snap-9");
	assert_null(found.parents[0].key);
	assert_int_equal(found.parents[0].thin_id, -1);
}

static void other_devices_are_in_no_database(void **state)
{
	(void)state;
	assert_int_equal(read_it("pool-snap-2", 7), 0);
	assert_int_equal(read_it("pool-snap-5", 5), 0);
	assert_int_equal(read_it("other-snap-2", 2), 0);
}

static void a_containerd_whose_meta_db_is_elsewhere_is_not_known(void **state)
{
	_cleanup_free_ char *meta = path_in(root, META);

	(void)state;
	assert_int_equal(unlink(meta), 0);
	assert_int_equal(read_it("pool-snap-2", 2), 1);
	assert_false(found.has_owner_db);
	/* it has a snapshot of the same key, but not this one */
	put_with(root, META_DATA, META, "default/3/one", "default/8/one");
	assert_int_equal(read_it("pool-snap-2", 2), 1);
	assert_false(found.has_owner_db);
}

static void what_cannot_be_read_is_an_error_that_names_the_file(void **state)
{
	static const char *const files[] = {META, INDEX, POOL};

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		write_below(root, files[i], "torn");
		assert_int_equal(read_it("pool-snap-2", 2), -EAGAIN);
		assert_contains(why.text, files[i]);
		teardown(state);
		setup(state);
	}
}

static void so_is_an_unknown_format(void **state)
{
	(void)state;
	put_with(root, META_DATA, POOL, NULL, NULL);
	assert_int_equal(read_it("pool-snap-2", 2), -EAGAIN);
	assert_contains(why.text, POOL ": it has a format that is not known");
	put_containerd(root);
	put_with(root, "bolt-containerd-1.6-devices", META, NULL, NULL);
	assert_int_equal(read_it("pool-snap-2", 2), -EAGAIN);
	assert_contains(why.text, META ": it has a format that is not known");
}

static void devices_that_are_their_own_parents_end(void **state)
{
	(void)state;
	put_with(root, "bolt-containerd-1.6-devices", POOL, "parent_name\":\"pool-snap-1",
		 "parent_name\":\"pool-snap-2");
	assert_int_equal(read_it("pool-snap-2", 2), -EBADMSG);
	assert_contains(why.text, POOL);
}

static void layers_of_images_are_named_after_their_contents(void **state)
{
	static const char layer[] =
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	(void)state;
	assert_true(provenance_is_image_layer(layer));
	assert_false(provenance_is_image_layer(layer + 1));
	assert_false(provenance_is_image_layer("sha256:0123"));
	assert_false(provenance_is_image_layer(
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"));
	assert_false(provenance_is_image_layer(""));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_the_snapshot_its_parents_and_whether_it_has_a_container),
		TEST(finds_dockers),
		TEST(names_a_runtime_that_may_start_virtual_machines),
		TEST(a_runtime_that_is_not_known_may_start_them),
		TEST(a_first_activation_has_parents_and_no_snapshot),
		TEST(a_parent_without_a_snapshot_has_no_key),
		TEST(other_devices_are_in_no_database),
		TEST(a_containerd_whose_meta_db_is_elsewhere_is_not_known),
		TEST(what_cannot_be_read_is_an_error_that_names_the_file),
		TEST(so_is_an_unknown_format),
		TEST(devices_that_are_their_own_parents_end),
		cmocka_unit_test(layers_of_images_are_named_after_their_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
