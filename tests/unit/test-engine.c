/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "unit.h"

static void recognises_engines_by_their_bundles(void **state)
{
	static const struct {
		const char *bundle, *engine;
	} bundles[] = {
		{"/run/containerd/io.containerd.runtime.v2.task/moby/0123", "docker"},
		{"/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/0123", "docker"},
		{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/0123", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/default/c1", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/moby-100000.65536/0123", "docker"},
		{"/run/containerd/io.containerd.runtime.v2.task/mobydick/c1", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/moby-/c1", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/moby-1/c1", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/moby-1.x/c1", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/moby-1.2.3/c1", "containerd"},
		{"/var/lib/containers/storage/overlay-containers/0123/userdata", "storage"},
		{"/home/u/.local/share/containers/storage/vfs-containers/0123/userdata", "storage"},
		{"/var/lib/containers/storage/overlay-containers/0123/userdata/x", "runtime"},
		{"/var/lib/containers/storage/overlay/0123/userdata", "runtime"},
		{"/srv/bundle", "runtime"},
		{"/userdata", "runtime"},
		{"", "runtime"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bundles); i++)
		assert_string_equal(engine_of_bundle(bundles[i].bundle), bundles[i].engine);
}

static void expect_named(bool is_engines, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (engine_names_device(names[i]) != is_engines)
			print_error("\"%s\"\n", names[i]);
		assert_int_equal(engine_names_device(names[i]), is_engines);
	}
}

static void recognises_devices_by_their_names(void **state)
{
	static const char *const names[] = {
		/* Docker: hexadecimal, and -init while a container is made */
		"docker-254:1-1048578-"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"docker-8:16-1-0123456789abcdef-init",
		"docker-0:42-18446744073709551615-base",
		/* containers/storage */
		"container-254:1-1048578-0123456789abcdef",
		"container-8:1-2-base",
		/* containerd, on a pool of any name */
		"pool-snap-1",
		"pool-snap-18446744073709551615",
		"containerd-pool-snap-12",
		"vg-thin--pool-snap-7",
		"my-snap-pool-snap-7",
		"pool-snap-1-snap-2",
		"-snap-7-snap-7",
		/* a pool with the name of another engine's device */
		"docker-254:1-1-snap-3",
		"docker-snap-3",
	};

	(void)state;
	expect_named(true, names, COUNT_OF(names));
}

static void refuses_names_that_no_engine_uses(void **state)
{
	static const char *const names[] = {
		"",
		"-",
		"pool",
		"somebodys",
		"vg-root",
		"Docker-254:1-1048578-0123",
		"dockerd-254:1-1048578-0123",
		"my-docker-254:1-1048578-0123",
		"podman-254:1-1048578-docker-0123",
		"containers-254:1-1048578-0123",
		/* a part is missing, empty, or no number */
		"docker-",
		"docker-254:1",
		"docker-254:1-1048578",
		"docker-254:1-1048578-",
		"docker-:1-1048578-0123",
		"docker-254:-1048578-0123",
		"docker-254:1--0123",
		"docker-254-1-1048578-0123",
		"docker-254:1:1048578-0123",
		"docker-a:1-1048578-0123",
		"docker-254:1-0x1-0123",
		"docker- 254:1-1048578-0123",
		"container-254:1-1048578-",
		"snap-1",
		"-snap-1",
		"pool-snap",
		"pool-snap-",
		"pool-snap-x",
		"pool-snap-1x",
		"pool-snap-1-",
		"pool-snap-1 ",
		"pool-snap-1\n",
		"pool-snap-+1",
		"pool-snap-1-snap-",
		"pool-snap-1-snap-x",
		"pool-Snap-1",
		"pool_snap_1",
		"pool-snapshot-1",
		/* LVM's volumes "snap-1" and "db-snap-1" */
		"vg-snap--1",
		"vg-db--snap--1",
	};

	(void)state;
	expect_named(false, names, COUNT_OF(names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recognises_engines_by_their_bundles),
		cmocka_unit_test(recognises_devices_by_their_names),
		cmocka_unit_test(refuses_names_that_no_engine_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
