/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-dm.h"

#include "fake-clock.h"
#include "fake-fs.h"
#include "unit.h"

struct fake_dm fake_dm;

/* Our definition: libdevmapper.h only declares it. */
struct dm_task {
	int type, err;
	dev_t dev;
	char name[128]; /* instead of dev */
	bool skip_lockfs, no_flush, inactive;
	struct fake_table load;	    /* from dm_task_add_target() */
	struct fake_device *device; /* NULL: no such device */
	struct fake_table seen;	    /* the table at the time the task ran */
	struct dm_info info;
	char status[128];
	unsigned int next_target;
	_Alignas(struct dm_names) char names[512];
};

__typeof__(dm_is_dm_major) __real_dm_is_dm_major, __wrap_dm_is_dm_major;
__typeof__(dm_task_create) __real_dm_task_create, __wrap_dm_task_create;
__typeof__(dm_task_destroy) __real_dm_task_destroy, __wrap_dm_task_destroy;
__typeof__(dm_task_set_major_minor) __real_dm_task_set_major_minor, __wrap_dm_task_set_major_minor;
__typeof__(dm_task_set_name) __real_dm_task_set_name, __wrap_dm_task_set_name;
__typeof__(dm_task_set_ro) __real_dm_task_set_ro, __wrap_dm_task_set_ro;
__typeof__(dm_task_retry_remove) __real_dm_task_retry_remove, __wrap_dm_task_retry_remove;
__typeof__(dm_task_get_names) __real_dm_task_get_names, __wrap_dm_task_get_names;
__typeof__(dm_task_add_target) __real_dm_task_add_target, __wrap_dm_task_add_target;
__typeof__(dm_task_skip_lockfs) __real_dm_task_skip_lockfs, __wrap_dm_task_skip_lockfs;
__typeof__(dm_task_no_flush) __real_dm_task_no_flush, __wrap_dm_task_no_flush;
__typeof__(dm_task_query_inactive_table) __real_dm_task_query_inactive_table,
	__wrap_dm_task_query_inactive_table;
__typeof__(dm_task_run) __real_dm_task_run, __wrap_dm_task_run;
__typeof__(dm_task_get_errno) __real_dm_task_get_errno, __wrap_dm_task_get_errno;
__typeof__(dm_task_get_info) __real_dm_task_get_info, __wrap_dm_task_get_info;
__typeof__(dm_task_get_name) __real_dm_task_get_name, __wrap_dm_task_get_name;
__typeof__(dm_task_get_uuid) __real_dm_task_get_uuid, __wrap_dm_task_get_uuid;
__typeof__(dm_get_next_target) __real_dm_get_next_target, __wrap_dm_get_next_target;

void fake_dm_arm(uint64_t sectors)
{
	fake_clock(true);
	fake_dm = (struct fake_dm){
		.armed = true,
		.thin = {.dev = FAKE_THIN,
			 .name = "docker-8:1-42-thin",
			 .uuid = "",
			 .live = {1, sectors, "thin", "1234:3 17"}},
		.pool = {.dev = FAKE_POOL,
			 .name = "docker-pool",
			 .uuid = "",
			 .live = {1, 209715200, "thin-pool", "1234:1 1234:2 128 32768 0"}},
		.pool_status = "0 100/4096 100000/1638400 - rw discard_passdown "
			       "queue_if_no_space - 1024",
		.mapped_blocks = 20000,
	};
}

void fake_dm_disarm(void)
{
	fake_clock(false);
	fake_dm.armed = false;
}

void fake_log(const char *format, ...)
{
	size_t len = strlen(fake_dm.log);
	va_list ap;

	if (len)
		len += (size_t)snprintf(fake_dm.log + len, sizeof(fake_dm.log) - len, ", ");
	assert_true(len < sizeof(fake_dm.log));
	va_start(ap, format);
	vsnprintf(fake_dm.log + len, sizeof(fake_dm.log) - len, format, ap);
	va_end(ap);
}

void fake_dm_load(uint64_t sectors)
{
	fake_dm.thin.inactive = fake_dm.thin.live;
	fake_dm.thin.inactive.sectors = sectors;
}

void fake_dm_unmap(uint64_t blocks, uint64_t shared_blocks)
{
	assert_true(blocks <= fake_dm.mapped_blocks && shared_blocks <= blocks);
	fake_dm.mapped_blocks -= blocks;
	fake_dm.freed_blocks += blocks - shared_blocks;
}

/* In "TRANSACTION METADATA/ALL USED/ALL ...". */
static void commit(void)
{
	char *status = fake_dm.pool_status, head[24], tail[64];
	uintmax_t used;

	fake_dm.commits++;
	if (!fake_dm.freed_blocks)
		return;
	assert_int_equal(sscanf(status, "%*s %*s %ju%63[^\n]", &used, tail), 2);
	assert_int_equal(sscanf(status, "%23[^/]", head), 1);
	snprintf(status, sizeof(fake_dm.pool_status), "%s/4096 %ju%s", head,
		 used - fake_dm.freed_blocks, tail);
	fake_dm.freed_blocks = 0;
}

static void write_thin_status(char status[128])
{
	uint64_t some = fake_dm.unmap_later_blocks < fake_dm.unmap_per_look_blocks
				? fake_dm.unmap_later_blocks
				: fake_dm.unmap_per_look_blocks;

	fake_dm_unmap(some, 0);
	fake_dm.unmap_later_blocks -= some;
	if (fake_dm.thin_fails)
		strcpy(status, "Fail");
	else
		snprintf(status, 128, "%ju 2097151", (uintmax_t)fake_dm.mapped_blocks * 128);
}

static void swap(struct fake_device *device)
{
	if (device->inactive.targets)
		device->live = device->inactive;
	device->inactive = (struct fake_table){0};
}

void fake_dm_swap(void)
{
	swap(&fake_dm.thin);
}

void fake_dm_suspend_by_another(unsigned int lookups_to_go)
{
	fake_dm.thin.suspended = fake_dm.thin.by_another = true;
	fake_dm.thin.lookups_to_go = lookups_to_go;
}

void fake_dm_suspend_pool(unsigned int lookups_to_go)
{
	fake_dm.pool.suspended = fake_dm.thin.internal_suspend = true;
	fake_dm.pool.lookups_to_go = lookups_to_go;
}

static struct fake_device *device_of(dev_t dev)
{
	if (dev == fake_dm.thin.dev && !fake_dm.thin.gone)
		return &fake_dm.thin;
	return dev == fake_dm.pool.dev && !fake_dm.pool.gone ? &fake_dm.pool : NULL;
}

int __wrap_dm_is_dm_major(uint32_t maj)
{
	return fake_dm.armed ? maj == major(fake_dm.thin.dev) : __real_dm_is_dm_major(maj);
}

struct dm_task *__wrap_dm_task_create(int type)
{
	struct dm_task *task;

	if (!fake_dm.armed)
		return __real_dm_task_create(type);
	task = calloc(1, sizeof(*task));
	assert_non_null(task);
	task->type = type;
	return task;
}

void __wrap_dm_task_destroy(struct dm_task *task)
{
	if (!fake_dm.armed)
		__real_dm_task_destroy(task);
	else
		free(task);
}

int __wrap_dm_task_set_major_minor(struct dm_task *task, int maj, int min, int allow_default)
{
	if (!fake_dm.armed)
		return __real_dm_task_set_major_minor(task, maj, min, allow_default);
	task->dev = makedev((unsigned int)maj, (unsigned int)min);
	return 1;
}

int __wrap_dm_task_set_name(struct dm_task *task, const char *name)
{
	if (!fake_dm.armed)
		return __real_dm_task_set_name(task, name);
	snprintf(task->name, sizeof(task->name), "%s", name);
	return 1;
}

int __wrap_dm_task_set_ro(struct dm_task *task)
{
	return fake_dm.armed ? 1 : __real_dm_task_set_ro(task);
}

int __wrap_dm_task_retry_remove(struct dm_task *task)
{
	return fake_dm.armed ? 1 : __real_dm_task_retry_remove(task);
}

int __wrap_dm_task_add_target(struct dm_task *task, uint64_t start, uint64_t size,
			      const char *target, const char *params)
{
	if (!fake_dm.armed)
		return __real_dm_task_add_target(task, start, size, target, params);
	assert_int_equal(start, task->load.sectors);
	assert_string_equal(target, "thin");
	task->load = (struct fake_table){task->load.targets + 1, start + size, "thin", ""};
	snprintf(task->load.params, sizeof(task->load.params), "%s", params);
	return 1;
}

int __wrap_dm_task_skip_lockfs(struct dm_task *task)
{
	if (!fake_dm.armed)
		return __real_dm_task_skip_lockfs(task);
	task->skip_lockfs = true;
	return 1;
}

int __wrap_dm_task_no_flush(struct dm_task *task)
{
	if (!fake_dm.armed)
		return __real_dm_task_no_flush(task);
	task->no_flush = true;
	return 1;
}

int __wrap_dm_task_query_inactive_table(struct dm_task *task)
{
	if (!fake_dm.armed)
		return __real_dm_task_query_inactive_table(task);
	task->inactive = true;
	return 1;
}

static bool is_turn(const struct fake_when *when, int type, bool or_later)
{
	unsigned int n = when->type == ANY_CALL ? fake_dm.calls : fake_dm.count[type];

	if (!when->nth || (when->type != ANY_CALL && when->type != type))
		return false;
	return or_later ? n >= when->nth : n == when->nth;
}

/* Thin device first, as in the kernel. */
static void resume_pool(void)
{
	if (--fake_dm.pool.lookups_to_go <= 1)
		fake_dm.thin.internal_suspend = false;
	if (fake_dm.pool.lookups_to_go == 0)
		fake_dm.pool.suspended = false;
}

static int look_up(struct dm_task *task)
{
	struct fake_device *device = task->device;

	if (!device) /* libdm turns ENXIO into "does not exist" for a status, but not for a table */
		return task->type == DM_DEVICE_STATUS ? 0 : ENXIO;
	if (device == &fake_dm.thin && device->suspended && device->lookups_to_go &&
	    --device->lookups_to_go == 0) {
		device->suspended = device->by_another = false;
		swap(device);
	}
	if (fake_dm.pool.suspended && fake_dm.pool.lookups_to_go)
		resume_pool();
	if (device->opens_to_go && --device->opens_to_go == 0)
		device->opens = 0;
	if (task->type == DM_DEVICE_STATUS && device == &fake_dm.pool && !task->no_flush)
		commit();
	task->seen = task->inactive ? device->inactive : device->live;
	if (task->type == DM_DEVICE_STATUS && device == &fake_dm.thin)
		write_thin_status(task->status);
	else
		snprintf(task->status, sizeof(task->status), "%s", fake_dm.pool_status);
	task->info = (struct dm_info){
		.exists = 1,
		.suspended = device->suspended,
		.live_table = device->live.targets != 0,
		.inactive_table = device->inactive.targets != 0,
		.open_count = (int32_t)(device->opens +
					(device == &fake_dm.thin ? fake_fs_device_opens() : 0)),
		.major = major(device->dev),
		.minor = minor(device->dev),
		.read_only = device->read_only,
		.target_count = (int32_t)device->live.targets,
		.deferred_remove = device->deferred_remove,
		.internal_suspend = device->internal_suspend,
	};
	return 0;
}

/* The device of the task; NULL: there is none. */
static struct fake_device *device_of_task(const struct dm_task *task)
{
	struct fake_device *const devices[] = {&fake_dm.thin, &fake_dm.pool};

	if (!task->name[0])
		return device_of(task->dev);
	for (size_t i = 0; i < COUNT_OF(devices); i++) {
		if (strcmp(task->name, devices[i]->name) == 0)
			return device_of(devices[i]->dev);
	}
	return NULL;
}

static bool pool_has(const char *params)
{
	unsigned int id, own;

	assert_int_equal(sscanf(params, "1234:3 %u", &id), 1);
	if (sscanf(fake_dm.thin.live.params, "1234:3 %u", &own) == 1 && own == id)
		return true;
	for (size_t i = 0; i < COUNT_OF(fake_dm.thin_ids); i++) {
		if (fake_dm.thin_ids[i] == id)
			return true;
	}
	return false;
}

/* The device of thin_has(), which never gets as far as a resume. */
static int probe(const struct dm_task *task)
{
	switch (task->type) {
	case DM_DEVICE_CREATE:
		if (fake_dm.probe_exists)
			return EBUSY;
		fake_dm.probe_exists = true;
		return 0;
	case DM_DEVICE_RELOAD:
		return !fake_dm.probe_exists ? ENXIO : pool_has(task->load.params) ? 0 : ENODATA;
	case DM_DEVICE_REMOVE:
		if (!fake_dm.probe_exists)
			return ENXIO;
		fake_dm.probe_exists = false;
		return 0;
	default:
		fail_msg("device-mapper task %d on the probe", task->type);
		return ENOTTY;
	}
}

static int load(struct dm_task *task)
{
	if (!task->device)
		return ENXIO;
	fake_log("load %ju", (uintmax_t)task->load.sectors);
	if (fake_dm.pool.suspended) {
		fake_dm.complaints++;
		return EINVAL;
	}
	if (fake_dm.loads_refused) {
		fake_dm.loads_refused--;
		return EINVAL;
	}
	/* A table may only be replaced by one for the same pool and id. */
	assert_int_equal(task->load.targets, 1);
	if (!fake_dm.foreign_loads)
		assert_string_equal(task->load.params, task->device->live.params);
	task->device->inactive = task->load;
	return 0;
}

static int clear(struct dm_task *task)
{
	if (!task->device)
		return ENXIO;
	task->device->inactive = (struct fake_table){0};
	return 0;
}

static int resume(struct dm_task *task)
{
	struct fake_device *device = task->device;

	if (!device)
		return ENXIO;
	if (task->no_flush)
		fail_msg("a resume without flush");
	fake_log(task->skip_lockfs ? "resume" : "freeze and resume");
	if (device->suspended && device->by_another)
		fake_dm.resumed_anothers = true;
	swap(device);
	device->suspended = device->by_another = false;
	return 0;
}

static int do_harm(struct dm_task *task)
{
	struct fake_device *device = task->device;
	enum fake_harm harm = fake_dm.harm;

	fake_dm.faulted = true;
	if (fake_dm.after_fault)
		fake_dm.after_fault();
	if (task->type == DM_DEVICE_RELOAD || task->type == DM_DEVICE_RESUME)
		fake_log("fault");
	if (task->type != DM_DEVICE_RESUME || harm == HARM_NONE || !device)
		return fake_dm.fault_errno;
	device->suspended = true;
	if (harm == HARM_SUSPENDED)
		device->inactive = (struct fake_table){0};
	if (harm == HARM_SWAPPED)
		swap(device);
	return fake_dm.fault_errno;
}

static int run(struct dm_task *task)
{
	assert_true(task->type >= 0 && (size_t)task->type < COUNT_OF(fake_dm.count));
	fake_dm.calls++;
	fake_dm.count[task->type]++;
	if (is_turn(&fake_dm.meddle_at, task->type, false))
		fake_dm.meddle();
	task->device = device_of_task(task);
	if (is_turn(&fake_dm.fault, task->type, fake_dm.fault_lasts))
		return do_harm(task);
	if (strcmp(task->name, "oci-thin-grow-probe") == 0)
		return probe(task);
	switch (task->type) {
	case DM_DEVICE_LIST:
		return 0;
	case DM_DEVICE_TABLE:
	case DM_DEVICE_STATUS:
		return look_up(task);
	case DM_DEVICE_RELOAD:
		return load(task);
	case DM_DEVICE_RESUME:
		return resume(task);
	case DM_DEVICE_CLEAR:
		return clear(task);
	default:
		fail_msg("device-mapper task %d", task->type);
		return ENOTTY;
	}
}

int __wrap_dm_task_run(struct dm_task *task)
{
	if (!fake_dm.armed)
		return __real_dm_task_run(task);
	task->err = run(task);
	return task->err == 0;
}

int __wrap_dm_task_get_errno(struct dm_task *task)
{
	if (!fake_dm.armed)
		return __real_dm_task_get_errno(task);
	return task->err == FAULT_WITHOUT_ERRNO ? 0 : task->err;
}

int __wrap_dm_task_get_info(struct dm_task *task, struct dm_info *info)
{
	if (!fake_dm.armed)
		return __real_dm_task_get_info(task, info);
	*info = task->info;
	return 1;
}

const char *__wrap_dm_task_get_name(const struct dm_task *task)
{
	return fake_dm.armed ? task->device->name : __real_dm_task_get_name(task);
}

const char *__wrap_dm_task_get_uuid(const struct dm_task *task)
{
	return fake_dm.armed ? task->device->uuid : __real_dm_task_get_uuid(task);
}

void *__wrap_dm_get_next_target(struct dm_task *task, void *next, uint64_t *start, uint64_t *length,
				char **target, char **params)
{
	static char type[32];
	uint64_t each;

	if (!fake_dm.armed)
		return __real_dm_get_next_target(task, next, start, length, target, params);
	if (!task->seen.targets) {
		*start = *length = 0;
		*target = *params = NULL;
		return NULL;
	}
	if (!next)
		task->next_target = 0;
	each = task->seen.sectors / task->seen.targets;
	snprintf(type, sizeof(type), "%s", task->seen.target);
	*start = each * task->next_target++;
	*length = each;
	*target = type;
	*params = task->type == DM_DEVICE_STATUS ? task->status : task->seen.params;
	return task->next_target < task->seen.targets ? task : NULL;
}

struct dm_names *__wrap_dm_task_get_names(struct dm_task *task)
{
	struct fake_device *const devices[] = {&fake_dm.pool, &fake_dm.thin};
	struct dm_names *last = NULL;
	size_t at = 0;

	if (!fake_dm.armed)
		return __real_dm_task_get_names(task);
	for (size_t i = 0; i < COUNT_OF(devices); i++) {
		if (devices[i]->gone)
			continue;
		if (last)
			last->next = 128;
		last = (struct dm_names *)(void *)(task->names + at);
		last->dev = devices[i]->dev;
		strcpy(last->name, devices[i]->name);
		at += 128;
	}
	return (struct dm_names *)(void *)task->names;
}
