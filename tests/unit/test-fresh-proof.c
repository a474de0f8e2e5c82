/* SPDX-License-Identifier: Apache-2.0 */
#include "job/fresh-proof.h"

#include "unit.h"

#define LAYER "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OURS  "io.containerd.oci-thin-grow-kata.v2"

static struct fresh_parent parents[2];
static struct fresh_evidence evidence;
static struct why why;

/* A container of ctr's whose runtime is ours, on an image of two layers, before its first start. */
static int setup(void **state)
{
	(void)state;
	parents[0] = parents[1] = (struct fresh_parent){.key = LAYER};
	evidence = (struct fresh_evidence){
		.id = "web", .key = "web", .runtime = OURS, .parents = parents, .n_parents = 2};
	return 0;
}

static void expect_fresh(void)
{
	if (fresh_proof(&evidence, &why) < 0)
		fail_msg("%s", why.text);
}

static void expect_stale(const char *reason)
{
	why.text[0] = '\0';
	assert_int_equal(fresh_proof(&evidence, &why), -EPERM);
	assert_contains(why.text, reason);
}

static void a_container_before_its_first_start_is_fresh(void **state)
{
	(void)state;
	expect_fresh();
	evidence.runtime = "/usr/local/bin/containerd-shim-oci-thin-grow-kata-v2";
	expect_fresh();
}

static void a_marked_device_is_not(void **state)
{
	(void)state;
	evidence.in_vm = true;
	expect_stale("a virtual machine had it before");
	evidence.by_cri = true;
	expect_stale("a virtual machine had it before");
}

static void a_second_start_is_not(void **state)
{
	(void)state;
	evidence.started = true;
	expect_stale("it was started before");
	evidence.by_cri = true;
	expect_stale("it was started before");
}

/* `ctr container rm --keep-snapshot`, and a new container with that snapshot */
static void the_snapshot_of_another_container_is_not(void **state)
{
	(void)state;
	evidence.key = "web2";
	expect_stale("web2");
	evidence.by_cri = true;
	expect_stale("another one may have used it");
	evidence.key = NULL;
	expect_stale("unknown");
}

/* Earlier starts left no note. */
static void a_container_of_another_runtime_is_not(void **state)
{
	static const char *const others[] = {
		"io.containerd.kata.v2",
		"io.containerd.oci-thin-grow-kata.v1",
		"io.containerd.oci-thin-grow-.v2",
		"oci-thin-grow-kata",
		"/opt/kata/bin/containerd-shim-kata-v2",
		"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		evidence.runtime = others[i];
		expect_stale("may have been started before without oci-thin-grow");
	}
	evidence.runtime = NULL;
	expect_stale("unknown");
}

static void a_container_of_cris_is_started_once(void **state)
{
	(void)state;
	evidence.by_cri = true;
	evidence.runtime = "io.containerd.kata.v2";
	expect_fresh();
}

/* `ctr snapshots commit` of what a guest has written */
static void a_parent_that_is_no_image_layer_may_be_a_guests(void **state)
{
	static const char *const others[] = {
		"mine",
		"",
		"sha256:",
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		" " LAYER,
		LAYER "-mine",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others) * 2; i++) {
		setup(NULL);
		evidence.by_cri = i % 2;
		parents[i % 2].key = others[i / 2];
		expect_stale("is not a layer of an image");
	}
}

static void a_marked_parent_is_a_guests(void **state)
{
	(void)state;
	parents[1].maybe_vms = true;
	expect_stale("may have been given to a virtual machine");
	evidence.by_cri = true;
	expect_stale("may have been given to a virtual machine");
}

static void a_disk_without_an_image_is_not(void **state)
{
	(void)state;
	evidence.n_parents = 0;
	expect_stale("not made from an image");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_container_before_its_first_start_is_fresh, setup),
		cmocka_unit_test_setup(a_marked_device_is_not, setup),
		cmocka_unit_test_setup(a_second_start_is_not, setup),
		cmocka_unit_test_setup(the_snapshot_of_another_container_is_not, setup),
		cmocka_unit_test_setup(a_container_of_another_runtime_is_not, setup),
		cmocka_unit_test_setup(a_container_of_cris_is_started_once, setup),
		cmocka_unit_test_setup(a_parent_that_is_no_image_layer_may_be_a_guests, setup),
		cmocka_unit_test_setup(a_marked_parent_is_a_guests, setup),
		cmocka_unit_test_setup(a_disk_without_an_image_is_not, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
