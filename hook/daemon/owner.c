/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/owner.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "disk/thin.h"
#include "job/ceiling.h"
#include "job/request.h"
#include "job/target.h"

#include <limits.h>
#include <string.h>

_Static_assert(sizeof(struct owner) <= PIPE_BUF, "an answer is written in one piece");

struct search {
	const struct policy *policy;
	struct engine_list list;
	bool listed;
	dev_t *devs; /* of the containers whose device no file names; 0:0 for the others */
};

/* Of a running container of a runtime without an engine, only its mounts show the device. */
static dev_t dev_of(const struct engine_container *container)
{
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	struct why unused;

	if (container->device || !container->pid)
		return 0;
	target_read_spec(container, &spec);
	return target_open_rootfs(container, &spec, &rootfs, &unused) == 0 ? rootfs.dev : 0;
}

static int list_containers(struct search *search)
{
	const struct target_args args = {.policy = search->policy};
	struct why why;
	int r;

	if (search->listed)
		return 0;
	r = target_list(&args, &search->list, &why);
	if (r == 0)
		search->devs = calloc(search->list.n + 1, sizeof(*search->devs));
	if (r < 0 || !search->devs)
		return -ENOMEM;
	for (size_t i = 0; i < search->list.n; i++)
		search->devs[i] = dev_of(&search->list.containers[i]);
	search->listed = true;
	return 0;
}

static const struct engine_container *find_owner(const struct search *search,
						 const struct thin_device *device)
{
	for (size_t i = 0; i < search->list.n; i++) {
		const struct engine_container *container = &search->list.containers[i];

		if (container->device ? strcmp(container->device, device->name) == 0
				      : search->devs[i] == device->dev)
			return container;
	}
	return NULL;
}

static void describe(struct target *target, const struct policy *policy, struct owner *ret)
{
	struct job job = target_job(target);
	struct ceiling ceiling;

	ceiling_of(&job, policy, &ceiling);
	snprintf(ret->label, sizeof(ret->label), "%s", target->label);
	snprintf(ret->engine, sizeof(ret->engine), "%s", job_engine(&job));
	ret->in_pod = job_is_in_pod(&job);
	ret->limits = ceiling.verdict.limits;
	if (ceiling.sandbox)
		ret->limits.max_bytes = 0;
	ret->rule =
		ceiling.verdict.rule ? (size_t)(ceiling.verdict.rule - policy->rules) : OWNER_NONE;
	job_free(&job);
}

static int find_and_describe(struct search *search, const struct thin_device *device,
			     struct owner *ret)
{
	_cleanup_(target_close) struct target target = {.rootfs.fd = -EBADF};
	const struct engine_container *container;
	struct why unused;
	int r = list_containers(search);

	if (r < 0)
		return r;
	container = find_owner(search, device);
	if (!container)
		return -ENOENT;
	if (target_is_in_vm(container))
		return -EREMOTE;
	r = target_of(container, &target, &unused);
	if (r == 0)
		describe(&target, search->policy, ret);
	return r;
}

static int look_up(struct search *search, const struct owner_question *question, struct owner *ret)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct why unused;
	int r = thin_lookup(question->dev, &device, &unused);

	if (r < 0)
		return r;
	if (thin_check_plain(&device, &unused) < 0 || strlen(device.name) >= sizeof(ret->device))
		return -ENODEV;
	snprintf(ret->device, sizeof(ret->device), "%s", device.name);
	ret->bytes = device.sectors * SECTOR_BYTES;
	ret->pool = device.pool;
	return question->known ? 0 : find_and_describe(search, &device, ret);
}

void owner_answer(const struct owner_question *questions, size_t n, const struct policy *policy,
		  int fd)
{
	struct search search = {.policy = policy};

	for (size_t i = 0; i < n; i++) {
		struct owner owner = {.dev = questions[i].dev, .known = questions[i].known};

		owner.error = look_up(&search, &questions[i], &owner);
		if (file_write_all(fd, (const char *)&owner, sizeof(owner)) < 0)
			break;
	}
	free(search.devs);
	engine_list_free(&search.list);
}
