/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/thin.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"

#include <inttypes.h>
#include <libdevmapper.h>
#include <string.h>
#include <sys/sysmacros.h>

static void drop_message(int level, const char *file, int line, int errno_or_class, const char *f,
			 ...) __attribute__((format(printf, 5, 6)));

static void drop_message(int level, const char *file, int line, int errno_or_class, const char *f,
			 ...)
{
	(void)level;
	(void)file;
	(void)line;
	(void)errno_or_class;
	(void)f;
}

void thin_release(void)
{
	dm_lib_release();
}

static void cleanup_task(struct dm_task **task)
{
	int saved = errno;

	if (*task)
		dm_task_destroy(*task);
	errno = saved;
}

static void cleanup_pool(struct dm_pool **pool)
{
	if (*pool)
		dm_pool_destroy(*pool);
}

#define _cleanup_task_ _cleanup_(cleanup_task)

/*
 * NULL: libdm cannot open the control device, or is out of memory. Before each task libdm must be
 * set to log nothing and not to use udev cookies: with cookies on and none set, a resume makes udev
 * remove /dev/mapper/NAME.
 */
static struct dm_task *new_task(int type)
{
	dm_log_with_errno_init(drop_message);
	dm_udev_set_sync_support(0);
	dm_set_name_mangling_mode(DM_STRING_MANGLING_NONE);
	return dm_task_create(type);
}

/* A task for a device number; NULL and errno on failure. */
static struct dm_task *task_for(int type, dev_t dev)
{
	_cleanup_task_ struct dm_task *task = new_task(type);

	if (!task || !dm_task_set_major_minor(task, (int)major(dev), (int)minor(dev), 0)) {
		errno = ENOMEM;
		return NULL;
	}
	return TAKE_PTR(task);
}

static int run(struct dm_task *task)
{
	int err;

	if (dm_task_run(task))
		return 0;
	err = dm_task_get_errno(task);
	return err ? -err : -EIO;
}

/* "MAJOR:MINOR ID ..." of a thin table. */
static int parse_thin_params(const char *params, dev_t *ret_pool, uint32_t *ret_id)
{
	unsigned int maj, min, id;

	if (!params || sscanf(params, "%u:%u %u", &maj, &min, &id) != 3)
		return -EINVAL;
	*ret_pool = makedev(maj, min);
	*ret_id = id;
	return 0;
}

static int read_table(struct dm_task *task, struct thin_device *device)
{
	uint64_t start = 0, length = 0;
	char *target = NULL, *params = NULL;
	void *next = NULL;

	do {
		next = dm_get_next_target(task, next, &start, &length, &target, &params);
		device->sectors = start + length;
		if (device->targets++ == 0) {
			device->target = strdup(target ? target : "none");
			device->params = strdup(params ? params : "");
		}
	} while (next);
	if (!device->target || !device->params)
		return -ENOMEM;
	if (strcmp(device->target, "thin") != 0)
		return 0;
	return parse_thin_params(device->params, &device->pool, &device->thin_id);
}

/* Reads the result of @task, a DM_DEVICE_TABLE; @what names the device in a reason. */
static int look_up(struct dm_task *task, const char *what, struct thin_device *ret, struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	struct dm_info info;
	int r = run(task);

	if (r < 0)
		return why_set(why, -r, "device %s: reading its table: %s", what, strerror(-r));
	if (!dm_task_get_info(task, &info) || !info.exists)
		return -ENODEV;
	device.dev = makedev(info.major, info.minor);
	device.name = strdup(dm_task_get_name(task));
	device.uuid = strdup(dm_task_get_uuid(task));
	if (!device.name || !device.uuid)
		return why_no_memory(why);
	device.read_only = info.read_only;
	device.suspended = info.suspended || info.internal_suspend;
	device.pool_suspended = info.internal_suspend && !info.suspended;
	device.deferred_remove = info.deferred_remove;
	device.inactive_table = info.inactive_table;
	device.opens = (unsigned int)info.open_count;
	r = read_table(task, &device);
	if (r < 0)
		return why_set(why, -r, "device %s: table %s: %s", quote(device.name),
			       quote(device.params ? device.params : ""), strerror(-r));
	*ret = device;
	device = (struct thin_device){0};
	return 0;
}

int thin_lookup(dev_t dev, struct thin_device *ret, struct why *why)
{
	_cleanup_task_ struct dm_task *task = NULL;
	char what[32];

	if (!dm_is_dm_major(major(dev)))
		return -ENODEV;
	task = task_for(DM_DEVICE_TABLE, dev);
	if (!task)
		return why_set(why, errno, "libdevmapper cannot open /dev/mapper/control");
	snprintf(what, sizeof(what), "%u:%u", major(dev), minor(dev));
	return look_up(task, what, ret, why);
}

/* A task for a device name; NULL on failure. */
static struct dm_task *task_named(int type, const char *name)
{
	_cleanup_task_ struct dm_task *task = new_task(type);

	return task && dm_task_set_name(task, name) ? TAKE_PTR(task) : NULL;
}

int thin_lookup_name(const char *name, struct thin_device *ret, struct why *why)
{
	_cleanup_task_ struct dm_task *task = task_named(DM_DEVICE_TABLE, name);

	if (!task)
		return why_set(why, ENOMEM, "libdevmapper cannot open /dev/mapper/control");
	return look_up(task, quote(name), ret, why);
}

void thin_device_free(struct thin_device *device)
{
	free(device->name);
	free(device->uuid);
	free(device->target);
	free(device->params);
	*device = (struct thin_device){0};
}

static const struct dm_names *next_name(const struct dm_names *name)
{
	return name->next ? (const void *)((const char *)name + name->next) : NULL;
}

int thin_list(struct thin_list *ret, struct why *why)
{
	_cleanup_task_ struct dm_task *task = new_task(DM_DEVICE_LIST);
	const struct dm_names *names;
	struct thin_list list = {0};
	int r = task ? run(task) : -ENODEV;

	if (r < 0)
		return why_set(why, -r, "listing device-mapper devices: %s", strerror(-r));
	names = dm_task_get_names(task);
	/* An empty list has one entry without a device. */
	for (const struct dm_names *name = names; name && name->dev; name = next_name(name))
		list.n++;
	list.devs = calloc(list.n + 1, sizeof(*list.devs));
	if (!list.devs)
		return why_no_memory(why);
	for (size_t i = 0; i < list.n; i++, names = next_name(names))
		list.devs[i] = (dev_t)names->dev;
	*ret = list;
	return 0;
}

void thin_list_free(struct thin_list *list)
{
	free(list->devs);
	*list = (struct thin_list){0};
}

int thin_check_plain(const struct thin_device *device, struct why *why)
{
	/* Other makers of thin devices set a uuid; engines leave it empty. */
	static const char *const foreign[] = {"LVM-", "CRYPT-", "mpath-", "stratis-", "part"};
	const char *name = quote(device->name);

	if (device->targets != 1)
		return why_set(why, EINVAL, "device %s has %u targets, not one", name,
			       device->targets);
	if (strcmp(device->target, "thin") != 0)
		return why_set(why, EINVAL, "device %s is dm target %s, not thin", name,
			       quote(device->target));
	for (size_t i = 0; i < COUNT(foreign); i++) {
		if (strncmp(device->uuid, foreign[i], strlen(foreign[i])) == 0)
			return why_set(why, EINVAL, "device %s belongs to another manager (%s)",
				       name, quote(device->uuid));
	}
	return 0;
}

/* The size of a data block, which only the table has: "META DATA BLOCK_SECTORS LOW_WATER ..." */
static int pool_table(dev_t dev, struct thin_pool *pool)
{
	_cleanup_task_ struct dm_task *task = task_for(DM_DEVICE_TABLE, dev);
	uint64_t start, length;
	char *target = NULL, *params = NULL;
	unsigned long long block_sectors;
	int r;

	if (!task)
		return -errno;
	r = run(task);
	if (r < 0)
		return r;
	dm_get_next_target(task, NULL, &start, &length, &target, &params);
	if (!target || strcmp(target, "thin-pool") != 0 || !params ||
	    sscanf(params, "%*s %*s %llu", &block_sectors) != 1 || block_sectors == 0)
		return -EINVAL;
	pool->block_sectors = block_sectors;
	pool->told_to_keep = strstr(params, " no_discard_passdown") != NULL;
	pool->name = strdup(dm_task_get_name(task));
	return pool->name ? 0 : -ENOMEM;
}

static const char *pool_trouble(const struct dm_status_thin_pool *status)
{
	if (status->error) /* libdm then sets fail, too */
		return "in error";
	if (status->fail)
		return "failed";
	if (status->needs_check)
		return "in need of a check (needs_check)";
	if (status->out_of_data_space)
		return "out of data space";
	if (status->read_only)
		return "read-only";
	return NULL;
}

static enum thin_discards pool_discards(const struct dm_status_thin_pool *status)
{
	switch (status->discards) {
	case DM_THIN_DISCARDS_IGNORE:
		return THIN_DISCARDS_IGNORED;
	case DM_THIN_DISCARDS_NO_PASSDOWN:
		return THIN_DISCARDS_KEPT;
	case DM_THIN_DISCARDS_PASSDOWN:
		break;
	}
	return THIN_DISCARDS_PASSED;
}

/* Reading the status with a flush commits the pool's metadata. */
static int pool_usage(dev_t dev, bool commit, struct thin_pool *pool)
{
	_cleanup_task_ struct dm_task *task = task_for(DM_DEVICE_STATUS, dev);
	_cleanup_(cleanup_pool) struct dm_pool *memory = dm_pool_create("status", 256);
	struct dm_status_thin_pool *status;
	uint64_t start, length;
	char *target = NULL, *params = NULL;
	int r;

	if (!task || !memory)
		return -ENOMEM;
	if (!commit && !dm_task_no_flush(task))
		return -EINVAL;
	r = run(task);
	if (r < 0)
		return r;
	dm_get_next_target(task, NULL, &start, &length, &target, &params);
	if (!params || !dm_get_status_thin_pool(memory, params, &status))
		return -EINVAL;
	pool->data_used_blocks = status->used_data_blocks;
	pool->data_blocks = status->total_data_blocks;
	pool->metadata_used_blocks = status->used_metadata_blocks;
	pool->metadata_blocks = status->total_metadata_blocks;
	pool->failed = status->fail;
	pool->needs_check = status->needs_check;
	pool->out_of_data_space = status->out_of_data_space;
	pool->read_only = status->read_only;
	pool->trouble = pool_trouble(status);
	pool->discards = pool_discards(status);
	return 0;
}

static int pool_status(dev_t dev, bool commit, struct thin_pool *ret, struct why *why)
{
	_cleanup_(thin_pool_free) struct thin_pool pool = {0};
	int r = pool_table(dev, &pool);

	if (r == 0)
		r = pool_usage(dev, commit, &pool);
	if (r < 0)
		return why_set(why, -r, "pool %u:%u: reading its status: %s", major(dev),
			       minor(dev), strerror(-r));
	*ret = pool;
	pool = (struct thin_pool){0};
	return 0;
}

int thin_pool_status(dev_t dev, struct thin_pool *ret, struct why *why)
{
	return pool_status(dev, false, ret, why);
}

int thin_pool_status_committed(dev_t dev, struct thin_pool *ret, struct why *why)
{
	return pool_status(dev, true, ret, why);
}

const char *thin_pool_verb(const struct thin_pool *pool)
{
	return strcmp(pool->trouble, "failed") == 0 ? "has" : "is";
}

void thin_pool_free(struct thin_pool *pool)
{
	free(pool->name);
	*pool = (struct thin_pool){0};
}

static int mapped_sectors(dev_t dev, uint64_t *ret)
{
	_cleanup_task_ struct dm_task *task = task_for(DM_DEVICE_STATUS, dev);
	_cleanup_(cleanup_pool) struct dm_pool *memory = dm_pool_create("status", 256);
	struct dm_status_thin *status;
	uint64_t start, length;
	char *target = NULL, *params = NULL;
	int r;

	if (!task || !memory)
		return -ENOMEM;
	r = run(task);
	if (r < 0)
		return r;
	dm_get_next_target(task, NULL, &start, &length, &target, &params);
	if (!params || !dm_get_status_thin(memory, params, &status))
		return -EINVAL;
	if (status->fail)
		return -EIO;
	*ret = status->mapped_sectors;
	return 0;
}

int thin_mapped_bytes(dev_t dev, uint64_t *ret, struct why *why)
{
	uint64_t sectors = 0;
	int r = mapped_sectors(dev, &sectors);

	if (r < 0)
		return why_set(why, -r, "device %u:%u: reading its status: %s", major(dev),
			       minor(dev), strerror(-r));
	*ret = sectors * SECTOR_BYTES;
	return 0;
}

bool thin_is_same(const struct thin_device *a, const struct thin_device *b)
{
	return a->dev == b->dev && strcmp(a->name, b->name) == 0 && a->targets == b->targets &&
	       strcmp(a->target, b->target) == 0 && strcmp(a->params, b->params) == 0;
}

int thin_load(const struct thin_device *device, uint64_t sectors)
{
	_cleanup_task_ struct dm_task *task = task_for(DM_DEVICE_RELOAD, device->dev);

	if (!task)
		return -errno;
	if (!dm_task_add_target(task, 0, sectors, "thin", device->params))
		return -ENOMEM;
	return run(task);
}

void thin_unload(const struct thin_device *device, uint64_t sectors)
{
	_cleanup_task_ struct dm_task *query = task_for(DM_DEVICE_TABLE, device->dev);
	_cleanup_task_ struct dm_task *clear = task_for(DM_DEVICE_CLEAR, device->dev);
	_cleanup_(thin_device_free) struct thin_device inactive = {0};

	if (!query || !clear || !dm_task_query_inactive_table(query) || run(query) < 0 ||
	    read_table(query, &inactive) < 0)
		return;
	if (inactive.sectors == sectors && strcmp(inactive.target, "thin") == 0 &&
	    strcmp(inactive.params, device->params) == 0)
		run(clear);
}

int thin_swap(dev_t dev, bool freeze)
{
	_cleanup_task_ struct dm_task *task = task_for(DM_DEVICE_RESUME, dev);

	if (!task)
		return -errno;
	/*
	 * Never dm_task_no_flush() here: a thin target cannot undo an interrupted suspend without
	 * flush.
	 */
	if (!freeze && !dm_task_skip_lockfs(task))
		return -EINVAL;
	return run(task);
}

static int run_on_probe(int type, const char *params)
{
	_cleanup_task_ struct dm_task *task = task_named(type, THIN_PROBE);

	if (!task)
		return -ENOMEM;
	if (params && (!dm_task_set_ro(task) || !dm_task_add_target(task, 0, 8, "thin", params)))
		return -ENOMEM;
	/* udev may have it open. */
	if (type == DM_DEVICE_REMOVE && !dm_task_retry_remove(task))
		return -EINVAL;
	return run(task);
}

/* -ENODATA if the number is still that of @pool, so that the answer is about it. */
static int confirm(const struct thin_device *pool, struct why *why)
{
	_cleanup_(thin_device_free) struct thin_device now = {0};
	int r = thin_lookup_name(pool->name, &now, why);

	if (r < 0)
		return r;
	return now.dev == pool->dev ? -ENODATA : -ESTALE;
}

int thin_has(const struct thin_device *pool, uint32_t id, struct why *why)
{
	char params[64];
	int r;

	snprintf(params, sizeof(params), "%u:%u %" PRIu32, major(pool->dev), minor(pool->dev), id);
	run_on_probe(DM_DEVICE_REMOVE, NULL); /* left by a killed run */
	r = run_on_probe(DM_DEVICE_CREATE, NULL);
	if (r == 0) {
		r = run_on_probe(DM_DEVICE_RELOAD, params);
		run_on_probe(DM_DEVICE_REMOVE, NULL);
	}
	if (r == -ENODATA)
		r = confirm(pool, why);
	if (r == -ENODATA)
		return 0;
	if (r < 0)
		return why_set(why, -r, "asking pool %s for thin id %" PRIu32 ": %s",
			       quote(pool->name), id, strerror(-r));
	return 1;
}
