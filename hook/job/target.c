/* SPDX-License-Identifier: Apache-2.0 */
#include "job/target.h"

#include "base/cleanup.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/ledger.h"
#include "disk/thin.h"
#include "disk/vm-mark.h"
#include "engine/engine.h"
#include "engine/remembered-roots.h"
#include "engine/roots.h"
#include "job/inventory.h"

#include <limits.h>
#include <string.h>

int target_add_root(struct target_args *args, const char *value, struct why *why)
{
	if (*value != '/')
		return why_set(why, EINVAL, "--data-root %s: not an absolute path", quote(value));
	if (access(value, F_OK) < 0)
		return why_set(why, EINVAL, "--data-root %s: %s", quote_unless_printable(value),
			       strerror(errno));
	if (args->n_more_roots == TARGET_ROOTS_MAX)
		return why_set(why, EINVAL, "--data-root may be given %d times at most",
			       TARGET_ROOTS_MAX);
	args->more_roots[args->n_more_roots++] = value;
	return 0;
}

static void complain(const struct why *why, void *context)
{
	(void)context;
	log_stderr("%s", why->text);
}

int target_roots(const struct target_args *args, struct engine_root_set *ret)
{
	const struct engine_roots *usual = &engine_default_roots;
	const char *const *configured = (args->policy ? args->policy : &policy_builtin)->data_roots;
	int r = 0;

	for (size_t i = 0; i < usual->n && r == 0; i++)
		r = engine_roots_add(ret, usual->dirs[i]);
	for (; *configured && r == 0; configured++)
		r = engine_roots_add(ret, *configured);
	if (r == 0)
		r = engine_roots_add_running(ret, "/proc");
	for (size_t i = 0; i < ret->roots.n && r == 0; i++)
		remembered_roots_note(ROOTS_DIR, ret->dirs[i]);
	if (r == 0)
		r = remembered_roots_add(ROOTS_DIR, ret);
	for (size_t i = 0; i < args->n_more_roots && r == 0; i++)
		r = engine_roots_add(ret, args->more_roots[i]);
	return r;
}

int target_list(const struct target_args *args, struct engine_list *ret, struct why *why)
{
	_cleanup_(engine_roots_free) struct engine_root_set set = {0};
	int r = target_roots(args, &set);

	if (r == 0)
		r = engine_list_read(&set.roots, complain, NULL, ret);
	return r < 0 ? why_no_memory(why) : 0;
}

void target_read_spec(const struct engine_container *container, struct oci_spec *ret)
{
	_cleanup_free_ char *path =
		container->bundle ? text_new("%s/config.json", container->bundle) : NULL;
	struct why unused;
	int r = -ENOENT;

	*ret = (struct oci_spec){0};
	if (container->spec)
		r = oci_spec_parse(container->spec, strlen(container->spec), ret, &unused);
	else if (path)
		r = oci_spec_read(path, ret, &unused);
	if (r < 0)
		*ret = (struct oci_spec){0};
}

/* The rootfs must be on the device that the engine's files name: a process mounts what it likes. */
static int check_device(const struct engine_container *container, const struct rootfs *rootfs,
			struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	int r;

	if (!container->device)
		return 0;
	r = thin_lookup(rootfs->dev, &device, why);
	if (r == -ENODEV)
		return why_set(why, ENODEV, "its rootfs is not on device %s",
			       quote(container->device));
	if (r == 0 && strcmp(device.name, container->device) != 0)
		return why_set(why, ENODEV, "its rootfs is on device %s, not on its own %s",
			       quote(device.name), quote(container->device));
	return r;
}

static int open_checked(const struct engine_container *container, const struct oci_spec *spec,
			bool by_pid, struct rootfs *ret, struct why *why)
{
	int r = by_pid ? rootfs_open_pid(container->pid, ret, why)
		       : rootfs_open(container->bundle, spec->root_path, ret, why);

	if (r < 0)
		return r;
	r = check_device(container, ret, why);
	if (r < 0)
		rootfs_close(ret);
	return r;
}

bool target_is_in_vm(const struct engine_container *container)
{
	_cleanup_(inventory_free) struct inventory disk = {.container = container};
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct why unused;

	if (container->pid || !container->device ||
	    thin_lookup_name(container->device, &device, &unused) < 0)
		return false;
	disk.opens = device.opens;
	return inventory_is_in_vm(&disk, vm_mark_read(&device, LEDGER_DIR, &unused) > 0);
}

int target_open_rootfs(const struct engine_container *container, const struct oci_spec *spec,
		       struct rootfs *ret, struct why *why)
{
	if (target_is_in_vm(container))
		return why_set(why, EREMOTE,
			       "a virtual machine has its disk: only its guest can grow the "
			       "filesystem");
	if (!container->pid)
		return why_set(why, ESRCH, "it is stopped: start it, then grow it");
	/* If the engine's mounts are not visible here, only the process has them. */
	if (container->bundle && spec->root_path &&
	    open_checked(container, spec, false, ret, why) == 0) {
		if (ret->dev)
			return 0;
		rootfs_close(ret);
	}
	return open_checked(container, spec, true, ret, why);
}

/* @target may have another label, which is replaced. */
static int set_container(const struct engine_container *container, struct target *target,
			 struct why *why)
{
	char *label = engine_container_label(container);

	if (!label)
		return why_no_memory(why);
	free(target->label);
	target->label = label;
	target->container = container;
	target_read_spec(container, &target->spec);
	return 0;
}

int target_of(const struct engine_container *container, struct target *ret, struct why *why)
{
	*ret = (struct target){.rootfs.fd = -EBADF};
	return set_container(container, ret, why);
}

static int find_container(const struct target_args *args, struct target *target, struct why *why)
{
	const struct engine_container *found;
	int r = target_list(args, &target->list, why);

	if (r < 0)
		return r;
	r = engine_list_find(&target->list, args->container, &found, why);
	return r < 0 ? r : set_container(found, target, why);
}

/* Also once it is stopped, if its device is still active. */
static bool was_given_to_vm(const struct engine_container *container)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct why unused;

	return container->device && thin_lookup_name(container->device, &device, &unused) == 0 &&
	       vm_mark_read(&device, LEDGER_DIR, &unused) > 0;
}

static int open_container(const struct target_args *args, struct target *target, struct why *why)
{
	int r = find_container(args, target, why);

	if (r < 0)
		return r;
	r = target_open_rootfs(target->container, &target->spec, &target->rootfs, why);
	if (r == -ESRCH && !target->container->pid && was_given_to_vm(target->container))
		return why_set(why, ESRCH,
			       "%s was given to a virtual machine: only its guest can grow the "
			       "filesystem",
			       quote_unless_printable(target->label));
	if (r == -ESRCH && !target->container->pid)
		return why_set(why, ESRCH, "%s is stopped. Start it, then grow it",
			       quote_unless_printable(target->label));
	return r < 0 ? why_prefix(why, r, quote_unless_printable(target->label)) : 0;
}

static int open_for_job(void *context, struct rootfs *ret, struct why *why)
{
	const struct target *target = context;

	return target_open_rootfs(target->container, &target->spec, ret, why);
}

/* As in the hook, containerd's image is known only from annotations. */
struct job target_job(struct target *target)
{
	const struct engine_container *container = target->container;

	return (struct job){
		.container = target->label,
		.bundle = container->bundle ? container->bundle : "",
		.engine = container->engine,
		.image = strcmp(container->engine, "containerd") == 0 ? NULL : container->image,
		.ns = container->namespace,
		.in_pod = container->in_pod,
		.annotations = {target->spec.annotations},
		.labels = engine_container_asking_labels(container),
		.size_option = container->size_option,
		.rootfs.fd = -EBADF,
		.open_rootfs = open_for_job,
		.open_context = target,
	};
}

static int open_pid(const char *text, struct rootfs *ret, struct why *why)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || end == text || *end || pid <= 0 || pid > INT_MAX)
		return why_set(why, EINVAL, "--pid %s: not a process id", quote(text));
	return rootfs_open_pid((pid_t)pid, ret, why);
}

/* A relative one is below the working directory. */
static int open_path(const char *path, struct rootfs *ret, struct why *why)
{
	int r = rootfs_open(*path == '/' ? "/" : ".", path, ret, why);

	if (r == -ENOENT || r == -ENOTDIR)
		return why_set(why, ENOENT, "--path %s: no such directory",
			       quote_unless_printable(path));
	return r;
}

static int look_up_named(const char *name, struct thin_device *ret, struct why *why)
{
	int r = thin_lookup_name(name, ret, why);

	if (r == -ENODEV || r == -ENXIO)
		return why_set(why, ENOENT, "no such device-mapper device: %s", quote(name));
	return r;
}

static int check_thin(const struct thin_device *device, struct why *why)
{
	const char *name = quote(device->name), *target = device->target;

	if (strcmp(target, "thin-pool") == 0)
		return why_set(why, ENOENT, "%s is a pool, not a container's disk", name);
	if (strcmp(target, "thin") != 0)
		return why_set(why, ENOENT, "%s is a %s device, not a container's disk", name,
			       quote_unless_printable(target));
	return 0;
}

int target_find_device(const char *name, struct thin_device *ret, struct why *why)
{
	int r = look_up_named(name, ret, why);

	if (r < 0)
		return r;
	r = check_thin(ret, why);
	if (r < 0)
		thin_device_free(ret);
	return r;
}

static int open_device(const char *name, struct rootfs *ret, struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	int r = look_up_named(name, &device, why);

	if (r < 0)
		return r;
	r = rootfs_open_device(&device, ret, why);
	if (r == -ENOENT && check_thin(&device, why) == 0)
		why_set(why, 0, "device %s is not mounted: start its container, then grow it",
			quote(name));
	else if (r < 0 && r != -ENOENT)
		why_prefix(why, r, text("device %s", quote(name)));
	return r;
}

int target_find_owner(const struct target_args *args, struct target *target, struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	const struct engine_container *found;
	int r = thin_lookup(target->rootfs.dev, &device, why);

	if (r < 0 || !engine_names_device(device.name))
		return 0; /* the growth reports it */
	r = target_list(args, &target->list, why);
	found = r == 0 ? engine_list_find_device(&target->list, device.name) : NULL;
	return found ? set_container(found, target, why) : r;
}

static int open_by_other_means(const struct target_args *args, struct target *target,
			       struct why *why)
{
	if (args->pid)
		return open_pid(args->pid, &target->rootfs, why);
	return args->path ? open_path(args->path, &target->rootfs, why)
			  : open_device(args->device, &target->rootfs, why);
}

int target_open(const struct target_args *args, struct target *ret, struct why *why)
{
	const char *by_other_means = args->pid ? args->pid : args->path ? args->path : args->device;
	int n = !!args->container + !!args->pid + !!args->path + !!args->device, r;

	*ret = (struct target){.rootfs.fd = -EBADF};
	if (n != 1)
		return why_set(why, EINVAL, "name one container, or use --pid, --path or --device");
	if (args->container)
		return open_container(args, ret, why);
	ret->label = text_new(args->pid ? "process %s" : "%s", by_other_means);
	if (!ret->label)
		return why_no_memory(why);
	r = open_by_other_means(args, ret, why);
	return r < 0 ? r : target_find_owner(args, ret, why);
}

void target_close(struct target *target)
{
	rootfs_close(&target->rootfs);
	oci_spec_free(&target->spec);
	free(target->label);
	engine_list_free(&target->list);
}

int target_exit_status(int r)
{
	switch (r) {
	case 0:
		return EXIT_OK;
	case -EINVAL:
	case -EEXIST:
		return EXIT_USAGE;
	case -ENOENT:
	case -ESRCH:
	case -EREMOTE:
		return EXIT_NOT_APPLICABLE;
	default:
		return EXIT_FAILED;
	}
}
