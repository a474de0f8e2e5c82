/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/snapshots.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "engine/walk.h"
#include "oci/json.h"

#include <inttypes.h>
#include <string.h>

#define INDEX_FILE "metadata.db"

/* --- reading them ------------------------------------------------------------------------------*/

static int read_one(const struct engine_walk *walk, const char *directory, const char *file,
		    struct database **ret)
{
	_cleanup_free_ char *path = text_new("%s/%s", directory, file);
	struct why why;
	int r;

	if (!path)
		return -ENOMEM;
	r = database_read(path, ret, &why);
	return r < 0 ? walk_pass_over(walk, r, &why) : 0;
}

struct place {
	const struct engine_walk *walk;
	const char *directory;
	struct snapshot_store *store;
};

static int visit_file(const char *name, void *context)
{
	const struct place *place = context;
	struct snapshot_store *store = place->store;
	struct database **more, *pool = NULL;
	size_t len = strlen(name);
	int r;

	if (len < 4 || strcmp(name + len - 3, ".db") != 0 || strcmp(name, INDEX_FILE) == 0)
		return 0;
	r = read_one(place->walk, place->directory, name, &pool);
	if (r < 0 || !pool)
		return r;
	more = reallocarray(store->pools, store->n_pools + 1, sizeof(struct database *));
	if (!more) {
		database_free(pool);
		return -ENOMEM;
	}
	store->pools = more;
	more[store->n_pools++] = pool;
	return 0;
}

static int open_store(const struct engine_walk *walk, const char *root, const char *below,
		      struct snapshot_store *ret)
{
	_cleanup_free_ char *directory = text_new("%s%s", root, below);
	int r;

	if (!directory)
		return -ENOMEM;
	r = read_one(walk, directory, INDEX_FILE, &ret->index);
	if (r < 0 || !ret->index)
		return r;
	return walk_entries(directory, visit_file, &(struct place){walk, directory, ret});
}

static int open_root(const struct engine_walk *walk, size_t i, struct snapshots *snapshots)
{
	const char *root = walk->roots->dirs[i];
	struct snapshot_store *stores = snapshots->stores + 2 * i;
	int r = read_one(walk, root, "io.containerd.metadata.v1.bolt/meta.db",
			 &snapshots->metas[i]);

	if (r == 0)
		r = open_store(walk, root, "", stores);
	return r < 0 ? r
		     : open_store(walk, root, "/io.containerd.snapshotter.v1.devmapper",
				  stores + 1);
}

int snapshots_open(const struct engine_walk *walk, struct snapshots **ret)
{
	struct snapshots *snapshots = calloc(1, sizeof(*snapshots));
	int r = 0;

	if (!snapshots)
		return -ENOMEM;
	snapshots->n = walk->roots->n;
	snapshots->metas = calloc(snapshots->n + 1, sizeof(struct database *));
	snapshots->stores = calloc(2 * snapshots->n + 1, sizeof(struct snapshot_store));
	if (!snapshots->metas || !snapshots->stores)
		r = -ENOMEM;
	for (size_t i = 0; i < snapshots->n && r == 0; i++)
		r = open_root(walk, i, snapshots);
	if (r < 0) {
		snapshots_free(snapshots);
		return r;
	}
	*ret = snapshots;
	return 0;
}

void snapshots_free(struct snapshots *snapshots)
{
	if (!snapshots)
		return;
	for (size_t i = 0; snapshots->metas && i < snapshots->n; i++)
		database_free(snapshots->metas[i]);
	for (size_t i = 0; snapshots->stores && i < 2 * snapshots->n; i++) {
		struct snapshot_store *store = &snapshots->stores[i];

		for (size_t k = 0; k < store->n_pools; k++)
			database_free(store->pools[k]);
		free(store->pools);
		database_free(store->index);
	}
	free(snapshots->metas);
	free(snapshots->stores);
	free(snapshots);
}

/* --- finding a snapshot ------------------------------------------------------------------------*/

static bool find_id(const struct snapshot_store *store, const char *name, uint64_t *ret)
{
	const char *const keys[] = {"v1", "snapshots", name, NULL};
	struct bolt_bucket bucket;
	struct bolt_bytes value;

	return store->n_pools && database_bucket(store->index, keys, &bucket) > 0 &&
	       bolt_value(&bucket, bolt_key("id"), &value) > 0 && database_varint(value, ret) > 0;
}

static void read_device(struct bolt_bytes text, struct snapshot *ret)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	struct why unused;
	int64_t size;

	if (json_parse((const char *)text.data, text.len, &doc, &unused) < 0)
		return;
	if (json_integer(json_root(doc), "size", &size, &unused) > 0 && size >= 0)
		ret->remembered = (uint64_t)size;
	if (json_integer(json_root(doc), "device_id", &size, &unused) > 0)
		ret->thin_id = size;
}

/* "POOL-snap-ID"; POOL is the name of the database file. NULL: out of memory. */
static char *name_device(const struct database *pool, uint64_t id)
{
	const char *file = strrchr(pool->path, '/') + 1;

	return text_new("%.*s-snap-%" PRIu64, (int)(strlen(file) - strlen(".db")), file, id);
}

/* 1 if a pool of the store has the snapshot @id. */
static int read_store_device(const struct snapshot_store *store, uint64_t id, struct snapshot *ret)
{
	static const char *const keys[] = {"devices", NULL};

	for (size_t i = 0; i < store->n_pools; i++) {
		_cleanup_free_ char *device = name_device(store->pools[i], id);
		struct bolt_bucket bucket;
		struct bolt_bytes value;

		if (!device)
			return -ENOMEM;
		if (database_bucket(store->pools[i], keys, &bucket) <= 0 ||
		    bolt_value(&bucket, bolt_key(device), &value) <= 0)
			continue;
		read_device(value, ret);
		ret->device = TAKE_PTR(device);
		return 1;
	}
	return 0;
}

/*
 * The root's own stores first. If the snapshotter uses another directory, any other store will do,
 * but only if there is just one: two containerds may use the same name.
 */
static const struct snapshot_store *find_store(const struct snapshots *snapshots, size_t root,
					       const char *name, uint64_t *ret_id)
{
	const struct snapshot_store *found = NULL;

	for (size_t i = 2 * root; i < 2 * root + 2; i++) {
		if (find_id(&snapshots->stores[i], name, ret_id))
			return &snapshots->stores[i];
	}
	for (size_t i = 0; i < 2 * snapshots->n; i++) {
		if (!find_id(&snapshots->stores[i], name, ret_id))
			continue;
		if (found)
			return NULL;
		found = &snapshots->stores[i];
	}
	if (found)
		find_id(found, name, ret_id);
	return found;
}

int snapshots_find(const struct snapshots *snapshots, size_t root, const char *ns, const char *key,
		   struct snapshot *ret)
{
	const char *const keys[] = {"v1", ns, "snapshots", "devmapper", key, NULL};
	struct snapshot snapshot = {.thin_id = -1};
	const struct snapshot_store *store;
	_cleanup_free_ char *name = NULL;
	struct bolt_bucket bucket;
	uint64_t id = 0;
	int r = 0;

	if (!snapshots->metas[root] || database_bucket(snapshots->metas[root], keys, &bucket) <= 0)
		return 0;
	name = database_dup_text(&bucket, "name");
	store = name ? find_store(snapshots, root, name, &id) : NULL;
	if (store)
		r = read_store_device(store, id, &snapshot);
	if (r < 0)
		return r;
	snapshot.parent = database_dup_text(&bucket, "parent");
	*ret = snapshot;
	return 1;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->device);
	free(snapshot->parent);
	*snapshot = (struct snapshot){0};
}

int snapshots_fill(const struct snapshots *snapshots, size_t root, const char *ns, const char *key,
		   struct engine_container *container)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	int r = snapshots_find(snapshots, root, ns, key, &snapshot);

	if (r <= 0 || !snapshot.device)
		return r < 0 ? r : 0;
	container->remembered = snapshot.remembered;
	container->device = TAKE_PTR(snapshot.device);
	return 1;
}
