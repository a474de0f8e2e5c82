/* SPDX-License-Identifier: Apache-2.0 */
#include "job/target.h"

#include "fake-dm.h"
#include "walk-fixture.h"

#include <sys/sysmacros.h>

#define POD_ID "8068bc5b8077d86952185339ffedb8963d304f5bf6679389ad2a24cbb65db01d"
#define LAYER  "cf20a52528756b65130d3bc8872e19f4012ee9ebd2b849fd64d8d0de9265b8b6"

/* As CRI-O writes it. */
static const char pod_index[] =
	"[{\"id\":\"" POD_ID "\",\"names\":[\"k8s_db_db-0_shop_5c2e8f0a_0\"],\"layer\":\"" LAYER
	"\",\"metadata\":\"{\\\"pod-name\\\":\\\"k8s_db-0_shop_5c2e8f0a_0\\\"}\"}]";

static char *root, *device;
static struct target target;
static struct target_args args;
static struct why why;

static int setup(void **state)
{
	struct stat st;
	char *directory;

	(void)state;
	root = new_directory();
	write_below(root, "devicemapper-containers/containers.json", pod_index);
	write_below(root, "devicemapper/metadata/" LAYER, "{\"size\":1073741824}");
	directory = path_in(root, "devicemapper");
	assert_int_equal(stat(directory, &st), 0);
	free(directory);
	assert_true(asprintf(&device, "container-%u:%u-%ju-" LAYER, major(st.st_dev),
			     minor(st.st_dev), (uintmax_t)st.st_ino) > 0);
	args = (struct target_args){0};
	assert_int_equal(target_add_root(&args, root, &why), 0);
	target = (struct target){.rootfs = {.fd = -EBADF, .dev = FAKE_THIN},
				 .label = strdup("process 4711")};
	fake_dm_arm(GIB / 512);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_dm_disarm();
	target_close(&target);
	free(device);
	remove_directory(root);
	return 0;
}

static void the_container_is_found_by_its_device(void **state)
{
	(void)state;
	fake_dm.thin.name = device;
	assert_int_equal(target_find_owner(&args, &target, &why), 0);
	assert_non_null(target.container);
	assert_string_equal(target.label, "crio:db-0/db");
	assert_true(target_job(&target).in_pod);
	assert_true(target.rootfs.dev == FAKE_THIN);
}

static void a_device_of_no_container_stays_what_was_typed(void **state)
{
	(void)state;
	fake_dm.thin.name = "container-8:1-42-" LAYER;
	assert_int_equal(target_find_owner(&args, &target, &why), 0);
	assert_null(target.container);
	assert_string_equal(target.label, "process 4711");
}

static void engines_are_not_asked_about_other_devices(void **state)
{
	(void)state;
	fake_dm.thin.name = "vg-lv";
	assert_int_equal(target_find_owner(&args, &target, &why), 0);
	assert_null(target.container);
	assert_int_equal(target.list.n, 0);
	target.rootfs.dev = makedev(8, 1);
	assert_int_equal(target_find_owner(&args, &target, &why), 0);
	assert_null(target.container);
}

#define TARGET_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TARGET_TEST(the_container_is_found_by_its_device),
		TARGET_TEST(a_device_of_no_container_stays_what_was_typed),
		TARGET_TEST(engines_are_not_asked_about_other_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
