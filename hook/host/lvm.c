/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lvm.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/text.h"
#include "disk/thin.h"
#include "host/lvm-text.h"

#include <fcntl.h>
#include <string.h>

#define MAX_BYTES	(16UL * 1024 * 1024)
#define NEVER		100
#define DEFAULT_PERCENT 20

static int read_lvm_file(const char *path, struct lvm_text *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = file_read_at(AT_FDCWD, path, MAX_BYTES, &text, &len);

	return r < 0 ? r : lvm_text_parse(text, len, ret);
}

static bool find_number(const struct lvm_text *text, const char *path, uint64_t *ret)
{
	const char *value = lvm_text_find(text, path);
	char *end = NULL;

	if (!value || *value < '0' || *value > '9')
		return false;
	*ret = strtoull(value, &end, 10);
	return *end == '\0';
}

/* --- when is it extended? -------------------------------------------------------------------- */

static void take_settings(const char *path, struct lvm_pool *pool)
{
	_cleanup_(lvm_text_free) struct lvm_text text = {0};
	uint64_t number;

	if (read_lvm_file(path, &text) < 0)
		return;
	if (find_number(&text, "activation/thin_pool_autoextend_threshold", &number)) {
		free(pool->source);
		pool->source = strdup(path);
		pool->threshold = number < NEVER ? number : NEVER;
	}
	if (find_number(&text, "activation/thin_pool_autoextend_percent", &number))
		pool->percent = number;
	if (find_number(&text, "activation/monitoring", &number))
		pool->unmonitored = number == 0;
}

/* The profile of the logical volume, else of its group; never both (LVM's lv_config_profile()). */
static const char *find_profile(const struct lvm_text *backup, const char *vg, const char *lv)
{
	_cleanup_free_ char *of_lv = text_new("%s/logical_volumes/%s/profile", vg, lv);
	_cleanup_free_ char *of_vg = text_new("%s/profile", vg);
	const char *name;

	if (!of_lv || !of_vg)
		return NULL;
	name = lvm_text_find(backup, of_lv);
	return name ? name : lvm_text_find(backup, of_vg);
}

static void take_profile(const char *etc, const char *name, struct lvm_pool *pool)
{
	_cleanup_free_ char *path = NULL;

	if (!name || strchr(name, '/'))
		return;
	path = text_new("%s/profile/%s.profile", etc, name);
	if (path)
		take_settings(path, pool);
}

/* --- how much space is free in its group? ---------------------------------------------------- */

/* Only segments of type "striped" use space of the group; others are made of logical volumes. */
static void count_extents(const struct lvm_text *backup, uint64_t *ret_all, uint64_t *ret_used)
{
	uint64_t count = 0;

	*ret_all = *ret_used = 0;
	for (size_t i = 0; i < backup->n; i++) {
		const char *path = backup->items[i].path, *value = backup->items[i].value;

		if (!value)
			continue;
		if (text_ends_in(path, "/pe_count"))
			*ret_all += strtoull(value, NULL, 10);
		else if (text_ends_in(path, "/extent_count"))
			count = strtoull(value, NULL, 10);
		else if (text_ends_in(path, "/type") && strcmp(value, "striped") == 0)
			*ret_used += count;
	}
}

static void take_space(const struct lvm_text *backup, const char *vg, struct lvm_pool *pool)
{
	_cleanup_free_ char *path = text_new("%s/extent_size", vg);
	uint64_t sectors, all, used;

	count_extents(backup, &all, &used);
	if (!path || !find_number(backup, path, &sectors) || sectors == 0 || all < used)
		return;
	pool->extent_bytes = sectors * SECTOR_BYTES;
	pool->free_bytes = (all - used) * pool->extent_bytes;
}

/* --- */

static void take_backup(const char *etc, const char *vg, const char *lv, struct lvm_pool *pool)
{
	_cleanup_(lvm_text_free) struct lvm_text backup = {0};
	_cleanup_free_ char *path = text_new("%s/backup/%s", etc, vg);

	if (!path || read_lvm_file(path, &backup) < 0)
		return;
	pool->has_backup = true;
	take_profile(etc, find_profile(&backup, vg, lv), pool);
	take_space(&backup, vg, pool);
}

void lvm_pool_look(const char *etc, const char *lv, struct lvm_pool *ret)
{
	static const char *const files[] = {"lvm.conf", "lvmlocal.conf"};
	struct lvm_pool pool = {.threshold = NEVER, .percent = DEFAULT_PERCENT};
	_cleanup_free_ char *vg = strdup(lv);
	char *slash = vg ? strchr(vg, '/') : NULL;

	for (size_t i = 0; i < COUNT(files); i++) {
		_cleanup_free_ char *path = text_new("%s/%s", etc, files[i]);

		if (path)
			take_settings(path, &pool);
	}
	if (slash) {
		*slash = '\0';
		take_backup(etc, vg, slash + 1, &pool);
	}
	*ret = pool;
}

void lvm_pool_free(struct lvm_pool *pool)
{
	free(pool->source);
	*pool = (struct lvm_pool){0};
}
