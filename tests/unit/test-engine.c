/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "unit.h"

static void knows_engines_by_their_bundles(void **state)
{
	static const struct {
		const char *bundle, *engine;
	} bundles[] = {
		{"/run/containerd/io.containerd.runtime.v2.task/moby/0123", "docker"},
		{"/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/0123", "docker"},
		{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/0123", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/default/c1", "containerd"},
		{"/run/containerd/io.containerd.runtime.v2.task/mobydick/c1", "containerd"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_engines_by_their_bundles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
