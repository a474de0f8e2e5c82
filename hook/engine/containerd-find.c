/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/containerd-find.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/snapshots.h"
#include "engine/walk.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define MAX_PARENTS 256 /* images have at most 127 layers */

bool containerd_runtime_mounts(const char *runtime)
{
	static const char *const known[] = {
		"io.containerd.runc.v1",
		"io.containerd.runc.v2",
		"io.containerd.runtime.v1.linux",
		"io.containerd.runsc.v1",
		"containerd-shim",
		"containerd-shim-runc-v1",
		"containerd-shim-runc-v2",
		"containerd-shim-runsc-v1",
	};
	const char *slash = strrchr(runtime, '/');

	for (size_t i = 0; i < COUNT(known); i++) {
		if (strcmp(slash ? slash + 1 : runtime, known[i]) == 0)
			return true;
	}
	return false;
}

void containerd_record_free(struct containerd_record *record)
{
	for (size_t i = 0; i < record->n_parents; i++) {
		free(record->parents[i].key);
		free(record->parents[i].device);
	}
	free(record->parents);
	free(record->runtime);
	free(record->key);
	free(record->device);
	*record = (struct containerd_record){0};
}

static int damaged(const struct database *meta, struct why *why)
{
	return why_set(why, EBADMSG, "%s: it is damaged", meta->path);
}

/* --- one container -----------------------------------------------------------------------------*/

static int device_of_key(const struct snapshots *snapshots, size_t root, const char *ns,
			 const char *key, char **ret, int64_t *ret_thin_id)
{
	_cleanup_(snapshot_free) struct snapshot found = {0};
	int r = snapshots_find(snapshots, root, ns, key, &found);

	if (r > 0) {
		*ret = TAKE_PTR(found.device);
		*ret_thin_id = found.thin_id;
	}
	return r < 0 ? r : 0;
}

/* 1 and the key of the parent of the snapshot @key; 0: it has none. */
static int find_parent(const struct database *meta, const char *ns, const char *key, char **ret,
		       struct why *why)
{
	const char *const keys[] = {"v1", ns, "snapshots", "devmapper", key, NULL};
	struct bolt_bucket bucket;
	int r = database_bucket(meta, keys, &bucket);

	if (r < 0)
		return damaged(meta, why);
	if (r == 0)
		return why_set(why, EBADMSG, "%s: no snapshot %s", meta->path, quote(key));
	*ret = database_dup_text(&bucket, "parent");
	return *ret != NULL;
}

static int add_parent(const struct snapshots *snapshots, size_t root, const char *ns, char *key,
		      struct containerd_record *record)
{
	int64_t unused;
	struct containerd_parent *more =
		reallocarray(record->parents, record->n_parents + 1, sizeof(*more));

	if (!more) {
		free(key);
		return -ENOMEM;
	}
	record->parents = more;
	more[record->n_parents] = (struct containerd_parent){.key = key};
	return device_of_key(snapshots, root, ns, key, &more[record->n_parents++].device, &unused);
}

static int fill_parents(const struct snapshots *snapshots, size_t root, const char *ns,
			struct containerd_record *record, struct why *why)
{
	const struct database *meta = snapshots->metas[root];
	const char *key = record->key;

	while (record->n_parents < MAX_PARENTS) {
		char *parent = NULL;
		int r = find_parent(meta, ns, key, &parent, why);

		if (r <= 0)
			return r;
		if (add_parent(snapshots, root, ns, parent, record) < 0)
			return why_no_memory(why);
		key = record->parents[record->n_parents - 1].key;
	}
	return damaged(meta, why);
}

static int fill_record(const struct snapshots *snapshots, size_t root, const char *ns,
		       const struct bolt_bucket *bucket, struct containerd_record *record,
		       struct why *why)
{
	_cleanup_free_ char *snapshotter = database_dup_text(bucket, "snapshotter");
	struct bolt_bucket runtime;
	int r = bolt_bucket(bucket, bolt_key("runtime"), &runtime);

	if (r < 0)
		return damaged(snapshots->metas[root], why);
	if (r > 0)
		record->runtime = database_dup_text(&runtime, "name");
	if (!snapshotter || strcmp(snapshotter, "devmapper") != 0)
		return 0;
	record->key = database_dup_text(bucket, "snapshotKey");
	if (!record->key)
		return 0;
	if (device_of_key(snapshots, root, ns, record->key, &record->device, &record->thin_id) < 0)
		return why_no_memory(why);
	return fill_parents(snapshots, root, ns, record, why);
}

/* 1: found in the database of one root. */
static int find_in(const struct snapshots *snapshots, const char *ns, const char *id,
		   struct containerd_record *record, struct why *why)
{
	const char *const keys[] = {"v1", ns, "containers", id, NULL};

	for (size_t root = 0; root < snapshots->n; root++) {
		const struct database *meta = snapshots->metas[root];
		struct bolt_bucket bucket;
		int r = meta ? database_bucket(meta, keys, &bucket) : 0;

		if (r < 0)
			return damaged(meta, why);
		if (r == 0)
			continue;
		r = fill_record(snapshots, root, ns, &bucket, record, why);
		return r < 0 ? r : 1;
	}
	return 0;
}

int containerd_find(const struct engine_roots *roots, const char *ns, const char *id,
		    struct containerd_record *ret, struct why *why)
{
	_cleanup_(containerd_record_free) struct containerd_record record = {.thin_id = -1};
	struct walk_unread unread = {.any = false};
	const struct engine_walk walk = {
		.roots = roots, .context = &unread, .complain = walk_note_unread};
	struct snapshots *snapshots;
	int r;

	if (!walk_is_id(ns) || !walk_is_id(id))
		return why_set(why, EINVAL, "%s in namespace %s is not a container's id", quote(id),
			       quote(ns));
	if (snapshots_open(&walk, &snapshots) < 0)
		return why_no_memory(why);
	r = find_in(snapshots, ns, id, &record, why);
	snapshots_free(snapshots);
	/* What is missing may be in what could not be read. */
	if (unread.any && (r == 0 || (r > 0 && record.key && !record.device))) {
		*why = unread.why;
		return -EAGAIN;
	}
	if (r <= 0)
		return r;
	*ret = record;
	record = (struct containerd_record){0};
	return 1;
}

/* --- its containerd ----------------------------------------------------------------------------*/

char *containerd_root_of_bundle(const char *bundle, const char *ns, const char *id)
{
	_cleanup_free_ char *link = text_new("%s/work", bundle);
	_cleanup_free_ char *tail = text_new(ENGINE_TASKS "%s/%s", ns, id);
	char target[PATH_MAX];
	ssize_t n = link && tail ? readlink(link, target, sizeof(target)) : -1;
	size_t len = n > 0 && (size_t)n < sizeof(target) ? (size_t)n : 0, tail_len;

	if (!len || target[0] != '/')
		return NULL;
	target[len] = '\0';
	tail_len = strlen(tail);
	if (len <= tail_len || strcmp(target + len - tail_len, tail) != 0)
		return NULL;
	return strndup(target, len - tail_len);
}

int containerd_has(const char *root, const char *ns, const char *id, struct why *why)
{
	_cleanup_free_ char *path = text_new("%s/io.containerd.metadata.v1.bolt/meta.db", root);
	const char *const container[] = {"v1", ns, "containers", id, NULL};
	const char *const snapshot[] = {"v1", ns, "snapshots", "devmapper", id, NULL};
	struct bolt_bucket unused;
	struct database *meta = NULL;
	int r = path ? database_read(path, &meta, why) : why_no_memory(why);

	if (r == 0)
		return why_set(why, ENOENT, "%s: %s", path, strerror(ENOENT));
	if (r < 0)
		return r;
	r = database_bucket(meta, container, &unused);
	if (r == 0)
		r = database_bucket(meta, snapshot, &unused);
	database_free(meta);
	return r < 0 ? why_set(why, -r, "%s: it is damaged", path) : r;
}
