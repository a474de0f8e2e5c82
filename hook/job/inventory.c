/* SPDX-License-Identifier: Apache-2.0 */
#include "job/inventory.h"

#include "base/cleanup.h"
#include "base/ratio.h"
#include "disk/growfs.h"
#include "disk/thin.h"
#include "engine/containerd-find.h"
#include "job/target.h"

#include <string.h>

unsigned int inventory_used_percent(const struct inventory *inventory)
{
	return percent_up(inventory->used_bytes,
			  inventory->used_bytes + inventory->available_bytes);
}

bool inventory_is_in_vm(const struct inventory *inventory, bool marked)
{
	const char *runtime = inventory->container->runtime;

	return !inventory->filesystem && inventory->opens &&
	       (marked || (runtime && !containerd_runtime_mounts(runtime)));
}

void inventory_pool(const struct inventory *inventory, struct thin_pool *ret)
{
	struct why unused;

	if (!inventory->pool || thin_pool_status(inventory->pool, ret, &unused) < 0)
		*ret = (struct thin_pool){0};
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->device);
	free(inventory->filesystem);
	*inventory = (struct inventory){0};
}

static uint64_t ask_request(const struct engine_container *container, const struct policy *policy,
			    const struct oci_spec *spec)
{
	const struct json *sets[] = {spec->annotations};
	const struct json *labels = engine_container_asking_labels(container);
	struct request request = {0};
	struct why unused;

	policy_request(policy, ORIGIN_ANNOTATION, sets, 1, &request, &unused);
	if (!request_exists(&request) && policy->labels && labels)
		policy_request(policy, ORIGIN_LABEL, &labels, 1, &request, &unused);
	if (!request_exists(&request) && policy->labels && container->size_option)
		policy_request_option(container->size_option, &request, &unused);
	return request_exists(&request) ? request.bytes : 0;
}

static void look_at_filesystem(const struct rootfs *rootfs, struct inventory *ret)
{
	struct growfs fs;
	struct why unused;

	ret->filesystem = strdup(rootfs->fs_name);
	if (growfs_read(rootfs, &fs, &unused) == 0)
		ret->filesystem_bytes = fs.bytes;
	if (rootfs_usage(rootfs, &ret->used_bytes, &ret->available_bytes) < 0)
		ret->used_bytes = ret->available_bytes = 0;
}

/* *ret is empty if the device is not active, or cannot be looked up. */
static void look_up_disk(const struct engine_container *container, const struct rootfs *rootfs,
			 struct thin_device *ret)
{
	struct why unused;

	if (rootfs->fd >= 0
		    ? thin_lookup(rootfs->dev, ret, &unused) < 0
		    : !container->device || thin_lookup_name(container->device, ret, &unused) < 0)
		*ret = (struct thin_device){0};
}

int inventory_at(const struct engine_container *container, const struct policy *policy,
		 const struct oci_spec *spec, const struct rootfs *rootfs, struct inventory *ret)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct inventory found = {.container = container};
	struct why unused;

	look_up_disk(container, rootfs, &device);
	if (device.name ? thin_check_plain(&device, &unused) < 0 : !container->device)
		return 0;
	found.device = strdup(device.name ? device.name : container->device);
	found.dev = device.dev;
	found.pool = device.pool;
	found.thin_id = device.thin_id;
	found.opens = device.opens;
	found.device_bytes = device.sectors * SECTOR_BYTES;
	found.requested_bytes = ask_request(container, policy, spec);
	if (rootfs->fd >= 0 && device.name)
		look_at_filesystem(rootfs, &found);
	*ret = found;
	return 1;
}

int inventory_look(const struct engine_container *container, const struct policy *policy,
		   struct inventory *ret)
{
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	struct why unused;

	target_read_spec(container, &spec);
	target_open_rootfs(container, &spec, &rootfs, &unused);
	return inventory_at(container, policy, &spec, &rootfs, ret);
}
