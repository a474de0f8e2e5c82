/* SPDX-License-Identifier: Apache-2.0 */
#include "host/daemon-state.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/growd-lock.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "oci/json.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#define VERSION_1   1
#define MAX_BYTES   (64UL * 1024 * 1024)
#define OUTDATED_MS 30000
#define MAX_STEPS   1000 /* of a budget, see policy/config-autogrow.c */

static const char *const state_names[DISK_STATES] = {
	[DISK_WATCHING] = "watching", [DISK_GROWING] = "growing", [DISK_LIMITED] = "limited",
	[DISK_REFUSED] = "refused",   [DISK_AT_MAX] = "at-max",	  [DISK_FROZEN] = "frozen",
	[DISK_LEFT] = "left",
};

const char *daemon_disk_state_name(enum daemon_disk_state state)
{
	return state_names[state];
}

static const char *const count_names[DAEMON_COUNTS] = {
	[COUNT_GROWN] = "grown",
	[COUNT_REFUSED] = "refused",
	[COUNT_FAILED] = "failed",
	[COUNT_LIMITED] = "limited",
};

const char *daemon_count_name(enum daemon_count count)
{
	return count_names[count];
}

/* --- writing --------------------------------------------------------------------------------- */

static void write_disk(struct json_writer *w, const struct daemon_disk *disk)
{
	json_write_object(w, disk->device);
	json_write_string(w, "container", disk->container);
	json_write_string(w, "state", state_names[disk->state]);
	json_write_u64(w, "size", disk->size);
	json_write_u64(w, "used", disk->used);
	json_write_u64(w, "available", disk->available);
	json_write_u64(w, "max", disk->max);
	json_write_u64(w, "bytes_per_second", disk->bytes_per_second);
	json_write_u64(w, "pool", disk->pool);
	json_write_array(w, "grown");
	for (size_t i = 0; i < disk->n_grown; i++)
		json_write_u64(w, NULL, disk->grown_ms[i]);
	json_write_array_close(w);
	json_write_u64(w, "steps", disk->steps);
	json_write_u64(w, "remembered_ms", disk->remembered_ms);
	json_write_u64(w, "backoff_ms", disk->backoff_ms);
	json_write_u64(w, "backoff_until_ms", disk->backoff_until_ms);
	json_write_close(w);
}

static void write_pool(struct json_writer *w, const struct daemon_pool *pool)
{
	json_write_object(w, pool->device);
	json_write_u64(w, "data_used", pool->data_used);
	json_write_u64(w, "data_size", pool->data_size);
	json_write_u64(w, "metadata_used", pool->metadata_used);
	json_write_u64(w, "metadata_size", pool->metadata_size);
	json_write_u64(w, "bytes_per_second", pool->bytes_per_second);
	json_write_close(w);
}

static void write_counts(struct json_writer *w, const uint64_t *counts)
{
	json_write_object(w, "counts");
	for (int i = 0; i < DAEMON_COUNTS; i++)
		json_write_u64(w, count_names[i], counts[i]);
	json_write_close(w);
}

static int print_state(const struct daemon_state *state, const char *boot_id, FILE *out)
{
	struct json_writer *w = json_writer_begin();

	json_write_u64(w, "version", VERSION_1);
	json_write_u64(w, "pid", state->pid);
	json_write_string(w, "boot", boot_id);
	json_write_u64(w, "at_ms", state->at_ms);
	json_write_string(w, "nri", state->nri);
	write_counts(w, state->counts);
	json_write_object(w, "filesystems");
	for (size_t i = 0; i < state->n_disks; i++)
		write_disk(w, &state->disks[i]);
	json_write_close(w);
	json_write_object(w, "pools");
	for (size_t i = 0; i < state->n_pools; i++)
		write_pool(w, &state->pools[i]);
	json_write_close(w);
	return json_writer_end(w, out);
}

int daemon_state_write(const char *run_dir, const struct daemon_state *state)
{
	_cleanup_close_ int dir = -EBADF;
	_cleanup_free_ char *printed = NULL;
	char boot_id[37];
	struct why unused;
	size_t len = 0;
	FILE *out;
	int r;

	r = ledger_boot_id(boot_id);
	if (r < 0)
		return r;
	dir = lock_open_dir(run_dir, &unused);
	if (dir < 0)
		return dir;
	out = open_memstream(&printed, &len);
	if (!out)
		return -ENOMEM;
	r = print_state(state, boot_id, out);
	if (fclose(out) != 0)
		r = -ENOMEM;
	return r < 0 ? r : file_replace_at(dir, DAEMON_STATE, printed, len, 0600, false);
}

/* --- reading --------------------------------------------------------------------------------- */

static uint64_t number_of(const struct json *object, const char *key)
{
	struct why unused;
	int64_t n;

	return json_integer(object, key, &n, &unused) > 0 && n > 0 ? (uint64_t)n : 0;
}

static char *text_of(const struct json *object, const char *key)
{
	const char *found;
	struct why unused;

	return json_string(object, key, &found, &unused) > 0 ? strdup(found) : NULL;
}

static enum daemon_disk_state state_of(const struct json *object)
{
	_cleanup_free_ char *name = text_of(object, "state");

	for (int i = 0; name && i < DISK_STATES; i++) {
		if (strcmp(name, state_names[i]) == 0)
			return (enum daemon_disk_state)i;
	}
	return DISK_WATCHING;
}

static int read_steps(const struct json *object, struct daemon_disk *disk)
{
	const struct json *steps;
	struct why unused;

	if (json_member(object, "grown", JSON_ARRAY, &steps, &unused) <= 0)
		return 0;
	disk->grown_ms = calloc(MAX_STEPS, sizeof(*disk->grown_ms));
	if (!disk->grown_ms)
		return -ENOMEM;
	json_foreach (step, steps) {
		if (step->type == JSON_NUMBER && disk->n_grown < MAX_STEPS)
			disk->grown_ms[disk->n_grown++] = strtoull(step->text, NULL, 10);
	}
	return 0;
}

static int read_disk(const struct json *object, struct daemon_disk *disk)
{
	*disk = (struct daemon_disk){
		.device = strdup(object->key),
		.container = text_of(object, "container"),
		.state = state_of(object),
		.size = number_of(object, "size"),
		.used = number_of(object, "used"),
		.available = number_of(object, "available"),
		.max = number_of(object, "max"),
		.bytes_per_second = number_of(object, "bytes_per_second"),
		.pool = number_of(object, "pool"),
		.steps = number_of(object, "steps"),
		.remembered_ms = number_of(object, "remembered_ms"),
		.backoff_ms = number_of(object, "backoff_ms"),
		.backoff_until_ms = number_of(object, "backoff_until_ms"),
	};
	return disk->device ? read_steps(object, disk) : -ENOMEM;
}

static int read_pool(const struct json *object, struct daemon_pool *pool)
{
	*pool = (struct daemon_pool){
		.device = strdup(object->key),
		.data_used = number_of(object, "data_used"),
		.data_size = number_of(object, "data_size"),
		.metadata_used = number_of(object, "metadata_used"),
		.metadata_size = number_of(object, "metadata_size"),
		.bytes_per_second = number_of(object, "bytes_per_second"),
	};
	return pool->device ? 0 : -ENOMEM;
}

static size_t count_members(const struct json *object)
{
	size_t n = 0;

	json_foreach (member, object)
		n++;
	return n;
}

static int read_disks(const struct json *objects, struct daemon_state *state)
{
	state->disks = calloc(count_members(objects) + 1, sizeof(*state->disks));
	if (!state->disks)
		return -ENOMEM;
	json_foreach (object, objects) {
		if (object->type == JSON_OBJECT &&
		    read_disk(object, &state->disks[state->n_disks++]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_pools(const struct json *objects, struct daemon_state *state)
{
	state->pools = calloc(count_members(objects) + 1, sizeof(*state->pools));
	if (!state->pools)
		return -ENOMEM;
	json_foreach (object, objects) {
		if (object->type == JSON_OBJECT &&
		    read_pool(object, &state->pools[state->n_pools++]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void read_counts(const struct json *root, uint64_t *ret_counts)
{
	const struct json *counts;
	struct why unused;

	if (json_member(root, "counts", JSON_OBJECT, &counts, &unused) <= 0)
		return;
	for (int i = 0; i < DAEMON_COUNTS; i++)
		ret_counts[i] = number_of(counts, count_names[i]);
}

/* Before a reboot the clock had other values. */
static bool is_of_this_boot(const struct json *root)
{
	_cleanup_free_ char *boot = text_of(root, "boot");
	char boot_id[37];

	return number_of(root, "version") == VERSION_1 && boot && ledger_boot_id(boot_id) == 0 &&
	       strcmp(boot, boot_id) == 0;
}

static int take_state(const struct json *root, struct daemon_state *ret, struct why *why)
{
	const struct json *disks, *pools;
	int r = json_member(root, "filesystems", JSON_OBJECT, &disks, why);

	if (r > 0)
		r = json_member(root, "pools", JSON_OBJECT, &pools, why);
	if (r <= 0)
		return r;
	*ret = (struct daemon_state){.pid = number_of(root, "pid"),
				     .at_ms = number_of(root, "at_ms"),
				     .nri = text_of(root, "nri")};
	read_counts(root, ret->counts);
	if (read_disks(disks, ret) < 0 || read_pools(pools, ret) < 0) {
		daemon_state_free(ret);
		return why_no_memory(why);
	}
	return 1;
}

int daemon_state_read(const char *run_dir, struct daemon_state *ret, struct why *why)
{
	_cleanup_close_ int dir = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_json_ struct json_doc *doc = NULL;
	int r;

	if (dir < 0)
		return 0;
	r = json_read_at(dir, DAEMON_STATE, MAX_BYTES, &doc, why);
	if (r > 0)
		r = is_of_this_boot(json_root(doc)) ? take_state(json_root(doc), ret, why) : 0;
	return r < 0 ? why_prefix(why, r, DAEMON_STATE) : r;
}

/* It hangs, or cannot write. */
static bool is_outdated(const struct daemon_state *state)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return state->at_ms + OUTDATED_MS < (uint64_t)now.tv_sec * 1000;
}

int daemon_state_now(const char *run_dir, struct daemon_state *ret)
{
	struct daemon_state state = {0};
	struct why unused;

	if (!growd_is_running(run_dir) || daemon_state_read(run_dir, &state, &unused) <= 0)
		return 0;
	if (is_outdated(&state)) {
		daemon_state_free(&state);
		return 0;
	}
	*ret = state;
	return 1;
}

const struct daemon_disk *daemon_state_disk(const struct daemon_state *state, const char *device)
{
	for (size_t i = 0; i < state->n_disks; i++) {
		if (strcmp(state->disks[i].device, device) == 0)
			return &state->disks[i];
	}
	return NULL;
}

const struct daemon_pool *daemon_state_pool(const struct daemon_state *state, const char *device)
{
	for (size_t i = 0; i < state->n_pools; i++) {
		if (strcmp(state->pools[i].device, device) == 0)
			return &state->pools[i];
	}
	return NULL;
}

static void free_disk(struct daemon_disk *disk)
{
	free(disk->device);
	free(disk->container);
	free(disk->grown_ms);
	*disk = (struct daemon_disk){0};
}

void daemon_state_free(struct daemon_state *state)
{
	for (size_t i = 0; i < state->n_disks; i++)
		free_disk(&state->disks[i]);
	for (size_t i = 0; i < state->n_pools; i++)
		free(state->pools[i].device);
	free(state->nri);
	free(state->disks);
	free(state->pools);
	*state = (struct daemon_state){0};
}
