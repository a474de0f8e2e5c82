/* SPDX-License-Identifier: Apache-2.0 */
#include "setup-fixture.h"

static void knows_all_engines(void **state)
{
	struct setup_view view;

	(void)state;
	for (size_t i = 0; setup_engines[i].name; i++)
		assert_int_equal(look(setup_engines[i].name), SETUP_NO_ENGINE);
	assert_int_equal(setup_look(&place, "lxc", &view, &why), -ENOENT);
	assert_contains(why.text, "\"lxc\"");
	assert_int_equal(enable("lxc"), -ENOENT);
}

static void works_without_the_engine_and_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; setup_engines[i].name; i++) {
		assert_int_equal(enable(setup_engines[i].name), 0);
		assert_contains(plan.notes[plan.n_notes - 1].s, setup_engines[i].program);
		assert_int_equal(look(setup_engines[i].name), SETUP_ON);
		assert_int_equal(disable(setup_engines[i].name), 0);
		assert_int_equal(look(setup_engines[i].name), SETUP_NO_ENGINE);
	}
}

static void a_second_enable_changes_nothing(void **state)
{
	(void)state;
	put("/etc/docker/daemon.json", "{\"a\":1}");
	put("/etc/containerd/config.toml", "version = 2\n[grpc]\n  uid = 0\n");
	put("/etc/crio/crio.conf", "[crio.runtime]\nhooks_dir = [\"/etc/hooks\"]\n");
	for (size_t i = 0; setup_engines[i].name; i++) {
		for (int disabling = 0; disabling < 2; disabling++) {
			struct setup_options options = {.disable = disabling, .by_default = true};

			assert_int_equal(run(setup_engines[i].name, options), 0);
			assert_true(setup_plan_changes(&plan));
			assert_non_null(plan.then);
			assert_int_equal(run(setup_engines[i].name, options), 0);
			assert_false(setup_plan_changes(&plan));
		}
	}
}

static void refuses_to_configure_a_missing_program(void **state)
{
	char *runtime = whole_path(RUNTIME_PATH);
	char *hook = whole_path(HOOK_PATH);

	(void)state;
	assert_int_equal(unlink(runtime), 0);
	assert_int_equal(unlink(hook), 0);
	for (size_t i = 0; setup_engines[i].name; i++) {
		assert_int_equal(enable(setup_engines[i].name), -ENOENT);
		assert_contains(why.text, PREFIX "/");
	}
	free(runtime);
	free(hook);
}

/* CRI-O from 1.31 on, and podman as many build it, have no driver for thin disks. */
static void an_engine_without_thin_disks_is_not_in_use(void **state)
{
	static const char *const names[] = {"podman", "crio"};

	(void)state;
	put("/var/lib/crio/version", "1.31.0");
	put("/run/crio/crio.sock", "");
	put("/var/lib/containers/storage/overlay/l/x", "");
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_false(setup_has_sign(&place, setup_find_engine(names[i])));
	put("/var/lib/containers/storage/devicemapper/metadata/deviceset-metadata", "{}");
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_true(setup_has_sign(&place, setup_find_engine(names[i])));
}

static void expect_sign(bool expected)
{
	assert_int_equal(setup_has_sign(&place, setup_find_engine("podman")), expected);
	assert_int_equal(setup_has_sign(&place, setup_find_engine("crio")), expected);
}

/* Its directory stays behind when a host changes to another driver. */
static void disks_of_a_driver_that_storage_conf_does_not_name_are_not_in_use(void **state)
{
	static const char etc[] = "/etc/containers/storage.conf",
			  usr[] = "/usr/share/containers/storage.conf";

	(void)state;
	put("/var/lib/crio/version", "1.30.0");
	put("/var/lib/containers/storage/devicemapper/metadata/deviceset-metadata", "{}");
	put(usr, "[storage]\ndriver = \"overlay\"\n");
	expect_sign(false);
	put(etc, "[storage]\ndriver = \"devicemapper\"\n"); /* replaces the other file */
	expect_sign(true);
	put(etc, "storage.driver = \"overlay\"\n");
	expect_sign(false);
	put(etc, "[storage]\nrunroot = \"/run/containers/storage\"\n"); /* it looks what is there */
	expect_sign(true);
	put(etc, "[storage]\ndriver = \"\"\n");
	expect_sign(true);
	put(etc, "[storage\ndriver = \"overlay\"\n");
	expect_sign(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(knows_all_engines),
		HOST_TEST(works_without_the_engine_and_says_so),
		HOST_TEST(a_second_enable_changes_nothing),
		HOST_TEST(refuses_to_configure_a_missing_program),
		HOST_TEST(an_engine_without_thin_disks_is_not_in_use),
		HOST_TEST(disks_of_a_driver_that_storage_conf_does_not_name_are_not_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
