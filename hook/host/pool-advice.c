/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pool-advice.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/thin.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>

#define MIB		   (UINT64_C(1024) * 1024)
#define METADATA_MAX_BYTES (UINT64_C(16) * 1024 * MIB) /* the kernel uses a little less */
#define FILE_MAX_BYTES	   (64UL * 1024)

/* --- the devices below ----------------------------------------------------------------------- */

static char *read_attribute(const char *sys, dev_t dev, const char *name)
{
	_cleanup_free_ char *path =
		text_new("%s/dev/block/%u:%u/%s", sys, major(dev), minor(dev), name);
	char *text = NULL;
	size_t len;

	return path && file_read_at(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len) == 0 ? text : NULL;
}

static char *device_node(const char *uevent)
{
	static const char key[] = "DEVNAME=";
	const char *found = uevent ? strstr(uevent, key) : NULL;

	if (!found || (found != uevent && found[-1] != '\n'))
		return NULL;
	found += sizeof(key) - 1;
	return text_new("/dev/%.*s", (int)strcspn(found, "\n"), found);
}

static char *backing_file(const char *text)
{
	static const char deleted[] = " (deleted)";
	size_t len = text ? strcspn(text, "\n") : 0, tail = sizeof(deleted) - 1;

	if (len == 0 || (len > tail && strncmp(text + len - tail, deleted, tail) == 0))
		return NULL;
	return strndup(text, len);
}

void pool_backing_look(const char *sys, dev_t dev, struct pool_backing *ret)
{
	_cleanup_free_ char *uevent = read_attribute(sys, dev, "uevent"),
			    *size = read_attribute(sys, dev, "size"),
			    *file = read_attribute(sys, dev, "loop/backing_file");

	*ret = (struct pool_backing){
		.node = device_node(uevent),
		.file = backing_file(file),
		.bytes = size ? strtoull(size, NULL, 10) * SECTOR_BYTES : 0,
	};
}

void pool_backing_free(struct pool_backing *backing)
{
	free(backing->node);
	free(backing->file);
	*backing = (struct pool_backing){0};
}

int pool_devices(const char *params, dev_t *ret_metadata, dev_t *ret_data)
{
	unsigned int meta[2], data[2];

	if (sscanf(params, "%u:%u %u:%u ", &meta[0], &meta[1], &data[0], &data[1]) != 4)
		return -EINVAL;
	*ret_metadata = makedev(meta[0], meta[1]);
	*ret_data = makedev(data[0], data[1]);
	return 0;
}

/* --- commands -------------------------------------------------------------------------------- */

/* LVM's dm names are VG-LV-LAYER; hyphens inside a name are doubled. */
char *pool_lvm_name(const char *name, const char *uuid)
{
	char *out, *at;
	int separators = 0;

	if (strncmp(uuid, "LVM-", 4) != 0)
		return NULL;
	at = out = malloc(strlen(name) + 1);
	if (!out)
		return NULL;
	for (; *name; name++) {
		bool separator = *name == '-' && name[1] != '-';

		if (separator && ++separators == 2)
			break;
		*at++ = *name;
		if (separator)
			at[-1] = '/';
		else if (*name == '-')
			name++;
	}
	*at = '\0';
	if (separators == 0) {
		free(out);
		return NULL;
	}
	return out;
}

#define PARAMS_FIXED 4 /* words before the number of features */

static const char *after_words(const char *text, int n)
{
	for (; n && *text; n--) {
		text += strspn(text, " ");
		text += strcspn(text, " ");
	}
	return text;
}

/* The pool's table line without the feature @without (NULL: with all features). */
static char *table_line(uint64_t sectors, const char *params, const char *without)
{
	const char *fixed = after_words(params, PARAMS_FIXED), *at = after_words(fixed, 1);
	struct text features = {""};
	size_t n = 0, len;

	if (at == fixed) /* the number of features is missing, too */
		return text_new("0 %" PRIu64 " thin-pool %s", sectors, params);
	for (; *(at += strspn(at, " ")); at += len) {
		len = strcspn(at, " ");
		if (without && strlen(without) == len && strncmp(at, without, len) == 0)
			continue;
		text_add(&features, " %.*s", (int)len, at);
		n++;
	}
	return text_new("0 %" PRIu64 " thin-pool %.*s %zu%s", sectors, (int)(fixed - params),
			params, n, features.s);
}

/* The resume suspends the pool and swaps the tables in one ioctl: no kill leaves it suspended. */
static char *load_and_resume(const struct pool_facts *pool, uint64_t sectors, const char *without)
{
	_cleanup_free_ char *line = table_line(sectors, pool->params, without);
	_cleanup_free_ char *table = line ? quote_word(line) : NULL;
	_cleanup_free_ char *name = quote_word(pool->name);

	if (!table || !name)
		return NULL;
	return text_new("dmsetup load %s --table %s && dmsetup resume %s", name, table, name);
}

static char *lengthen_file(const struct pool_backing *backing, uint64_t bytes)
{
	_cleanup_free_ char *file = backing->file ? quote_word(backing->file) : NULL;

	if (!file || !backing->node)
		return NULL;
	/* ">": never shorten the file, which may be longer than the loop device or the pool. */
	return text_new("truncate -s '>%" PRIu64 "' %s && losetup -c %s", bytes, file,
			backing->node);
}

/* "FIRST && SECOND"; takes both over. NULL if either is NULL. */
static char *both(char *first, char *second)
{
	char *text = first && second ? text_new("%s && %s", first, second) : NULL;

	free(first);
	free(second);
	return text;
}

/* LVM rounds up to an extent. If the free space is unknown, assume that it suffices. */
static bool has_room(const struct lvm_pool *lvm, uint64_t bytes)
{
	if (!lvm || !lvm->extent_bytes)
		return true;
	return (bytes + lvm->extent_bytes - 1) / lvm->extent_bytes * lvm->extent_bytes <=
	       lvm->free_bytes;
}

static char *lvextend_data(const struct pool_facts *pool, const char *lv)
{
	_cleanup_free_ char *word = quote_word(lv);
	uint64_t mib = pool->sectors / 4 * SECTOR_BYTES / MIB + 1, free_blocks;

	if (!word)
		return NULL;
	if (has_room(pool->lvm, mib * MIB))
		return text_new("lvextend -L +%" PRIu64 "M %s", mib, word);
	free_blocks = pool->lvm->free_bytes / SECTOR_BYTES / pool->block_sectors;
	if (pool->data_used_blocks * 100 >=
	    (pool->sectors / pool->block_sectors + free_blocks) * pool->data_percent)
		return NULL;
	return text_new("lvextend -l +100%%FREE %s", word);
}

/* LVM also extends the group's spare metadata volume, which is as long. */
static char *lvextend_metadata(const struct pool_facts *pool, const char *lv, uint64_t bytes)
{
	_cleanup_free_ char *word = quote_word(lv);
	uint64_t mib = bytes / MIB + 1;

	if (!word || !has_room(pool->lvm, mib * MIB) ||
	    (pool->lvm && pool->lvm->extent_bytes &&
	     pool->lvm->free_bytes < 2 * (mib * MIB + pool->lvm->extent_bytes)))
		return NULL;
	return text_new("lvextend --poolmetadatasize +%" PRIu64 "M %s", mib, word);
}

char *pool_extend_data(const struct pool_facts *pool)
{
	_cleanup_free_ char *lv = pool_lvm_name(pool->name, pool->uuid);
	uint64_t block = pool->block_sectors, there = pool->data.bytes / SECTOR_BYTES / block;
	uint64_t blocks = (pool->sectors + pool->sectors / 4) / block + 1, sectors = blocks * block;

	if (lv)
		return lvextend_data(pool, lv);
	if (there * block > pool->sectors &&
	    pool->data_used_blocks * 100 <= there * pool->data_percent)
		return load_and_resume(pool, there * block, NULL);
	return both(lengthen_file(&pool->data, (sectors * SECTOR_BYTES / MIB + 1) * MIB),
		    load_and_resume(pool, sectors, NULL));
}

char *pool_extend_metadata(const struct pool_facts *pool)
{
	_cleanup_free_ char *lv = pool_lvm_name(pool->name, pool->uuid);
	uint64_t bytes = pool->metadata_blocks * THIN_METADATA_BLOCK_BYTES;

	if (bytes * 2 > METADATA_MAX_BYTES)
		return NULL;
	if (lv)
		return lvextend_metadata(pool, lv, bytes);
	if (pool->metadata.bytes >= bytes * 2)
		return load_and_resume(pool, pool->sectors, NULL);
	return both(lengthen_file(&pool->metadata, bytes * 2),
		    load_and_resume(pool, pool->sectors, NULL));
}

char *pool_make_writable(const struct pool_facts *pool)
{
	return load_and_resume(pool, pool->sectors, "read_only");
}

static char *remove_thins(const struct pool_facts *pool)
{
	char *text = strdup("dmsetup remove --retry");

	for (size_t i = 0; text && i < pool->n_thins; i++) {
		_cleanup_free_ char *word = quote_word(pool->thins[i]), *before = text;

		text = word ? text_new("%s %s", before, word) : NULL;
	}
	return text;
}

static char *check_lvm(const char *lv)
{
	_cleanup_free_ char *word = quote_word(lv);

	/* LVM runs thin_check, which clears the flag, whenever it activates a pool. */
	return word ? text_new("lvchange -an %s && lvchange -ay %s", word, word) : NULL;
}

static char *check_plain(const struct pool_facts *pool)
{
	_cleanup_free_ char *line = table_line(pool->sectors, pool->params, "read_only");
	_cleanup_free_ char *table = line ? quote_word(line) : NULL;
	_cleanup_free_ char *name = quote_word(pool->name);

	if (!table || !name || !pool->metadata.node)
		return NULL;
	return text_new("dmsetup remove --retry %s && thin_check --clear-needs-check-flag %s "
			"&& dmsetup create %s --table %s",
			name, pool->metadata.node, name, table);
}

char *pool_check(const struct pool_facts *pool)
{
	_cleanup_free_ char *lv = pool_lvm_name(pool->name, pool->uuid);
	char *check = lv ? check_lvm(lv) : check_plain(pool);

	return pool->n_thins ? both(remove_thins(pool), check) : check;
}
