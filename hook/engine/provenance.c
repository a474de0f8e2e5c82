/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/provenance.h"

#include "base/cleanup.h"
#include "engine/containerd-find.h"
#include "engine/snapshots.h"
#include "engine/walk.h"
#include "oci/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARENTS 256 /* images have at most 127 layers */

bool provenance_is_image_layer(const char *key)
{
	static const char prefix[] = "sha256:";
	size_t len = sizeof(prefix) - 1;

	return strncmp(key, prefix, len) == 0 && strlen(key + len) == 64 &&
	       strspn(key + len, "0123456789abcdef") == 64;
}

static void snapshot_clear(struct provenance_snapshot *snapshot)
{
	free(snapshot->device);
	free(snapshot->name);
	free(snapshot->ns);
	free(snapshot->key);
}

void provenance_free(struct provenance *provenance)
{
	for (size_t i = 0; i < provenance->n_parents; i++)
		snapshot_clear(&provenance->parents[i]);
	free(provenance->parents);
	snapshot_clear(&provenance->self);
	free(provenance->runtime);
	*provenance = (struct provenance){0};
}

static int damaged(const struct database *database, struct why *why)
{
	return why_set(why, EBADMSG, "%s: it is damaged", database->path);
}

/* --- the snapshotter's databases ------------------------------------------------------------- */

/* 1, what @pool says of the device, and its parent's device, or NULL; 0: it does not have it. */
static int read_device(const struct database *pool, const char *device, int64_t *ret_id,
		       char **ret_parent, struct why *why)
{
	static const char *const keys[] = {"devices", NULL};
	_cleanup_json_ struct json_doc *doc = NULL;
	struct bolt_bucket bucket;
	struct bolt_bytes text;
	struct why unused;
	int r = database_bucket(pool, keys, &bucket);

	if (r > 0)
		r = bolt_value(&bucket, bolt_key(device), &text);
	if (r <= 0)
		return r < 0 ? damaged(pool, why) : 0;
	if (json_parse((const char *)text.data, text.len, &doc, &unused) < 0 ||
	    json_integer(json_root(doc), "device_id", ret_id, &unused) <= 0)
		return damaged(pool, why);
	*ret_parent = walk_dup_string(json_root(doc), "parent_name");
	if (*ret_parent && !**ret_parent)
		free(TAKE_PTR(*ret_parent));
	return 1;
}

/* The names of a store's snapshots, by the number in their devices' names. */
struct names {
	struct {
		uint64_t id;
		char *name;
	} * all;
	size_t n;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->all[i].name);
	free(names->all);
}

struct names_walk {
	const struct bolt_bucket *snapshots;
	struct names *names;
};

static int visit_snapshot(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
			  void *context)
{
	const struct names_walk *walk = context;
	struct names *names = walk->names;
	struct bolt_bucket bucket;
	uint64_t id;
	void *more;

	if (!is_bucket || bolt_bucket(walk->snapshots, key, &bucket) <= 0 ||
	    bolt_value(&bucket, bolt_key("id"), &value) <= 0 || !database_varint(value, &id))
		return 0;
	more = reallocarray(names->all, names->n + 1, sizeof(*names->all));
	if (!more)
		return -ENOMEM;
	names->all = more;
	names->all[names->n].id = id;
	names->all[names->n].name = bolt_text(key);
	return names->all[names->n++].name ? 0 : -ENOMEM;
}

static int read_names(const struct database *index, struct names *ret, struct why *why)
{
	static const char *const keys[] = {"v1", "snapshots", NULL};
	struct bolt_bucket snapshots;
	int r = database_bucket(index, keys, &snapshots);

	if (r > 0)
		r = bolt_each(&snapshots, visit_snapshot, &(struct names_walk){&snapshots, ret});
	return r == -ENOMEM ? why_no_memory(why) : r < 0 ? damaged(index, why) : 0;
}

/* NULL: the device has no snapshot (yet). */
static const char *find_name(const struct names *names, const char *device)
{
	const char *number = strrchr(device, '-');
	uint64_t id = number ? strtoull(number + 1, NULL, 10) : 0;

	for (size_t i = 0; i < names->n; i++) {
		if (names->all[i].id == id)
			return names->all[i].name;
	}
	return NULL;
}

/* Its client's namespace and key: metadata/snapshot.go calls it NAMESPACE/NUMBER/KEY. */
static int describe_snapshot(const struct names *names, const char *device,
			     struct provenance_snapshot *ret, struct why *why)
{
	const char *name = find_name(names, device), *number = name ? strchr(name, '/') : NULL;
	const char *key = number ? strchr(number + 1, '/') : NULL;

	ret->device = strdup(device);
	if (!ret->device)
		return why_no_memory(why);
	if (!name)
		return 0;
	ret->name = strdup(name);
	ret->ns = key ? strndup(name, (size_t)(number - name)) : strdup("");
	ret->key = strdup(key ? key + 1 : name);
	return ret->name && ret->ns && ret->key ? 0 : why_no_memory(why);
}

struct place {
	const struct names *names;
	const struct database *pool;
	struct provenance *provenance;
};

/* *ret_next is its own parent's device; NULL: it has none, or is in no database. */
static int add_parent(const struct place *place, const char *device, char **ret_next,
		      struct why *why)
{
	struct provenance *provenance = place->provenance;
	struct provenance_snapshot *more =
		reallocarray(provenance->parents, provenance->n_parents + 1, sizeof(*more));
	int r;

	if (!more)
		return why_no_memory(why);
	provenance->parents = more;
	more += provenance->n_parents++;
	*more = (struct provenance_snapshot){.thin_id = -1};
	r = describe_snapshot(place->names, device, more, why);
	return r < 0 ? r : read_device(place->pool, device, &more->thin_id, ret_next, why);
}

/* Takes over @device. */
static int add_parents(const struct place *place, char *device, struct why *why)
{
	int r = 0;

	while (device && r >= 0) {
		char *next = NULL;

		r = place->provenance->n_parents < MAX_PARENTS
			    ? add_parent(place, device, &next, why)
			    : damaged(place->pool, why);
		free(device);
		device = next;
	}
	free(device);
	return r < 0 ? r : 0;
}

/* 1: @pool has the device. */
static int find_in(const struct snapshot_store *store, const struct database *pool,
		   const char *device, int64_t thin_id, struct provenance *provenance,
		   struct why *why)
{
	_cleanup_(names_free) struct names names = {0};
	_cleanup_free_ char *parent = NULL;
	int64_t *id = &provenance->self.thin_id;
	int r = read_device(pool, device, id, &parent, why);

	if (r <= 0 || *id != thin_id)
		return r < 0 ? r : 0;
	r = read_names(store->index, &names, why);
	if (r == 0)
		r = describe_snapshot(&names, device, &provenance->self, why);
	if (r == 0)
		r = add_parents(&(struct place){&names, pool, provenance}, TAKE_PTR(parent), why);
	return r < 0 ? r : 1;
}

static int find_snapshot_device(const struct snapshots *snapshots, const char *device,
				int64_t thin_id, struct provenance *provenance, struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < 2 * snapshots->n && r == 0; i++) {
		const struct snapshot_store *store = &snapshots->stores[i];

		for (size_t k = 0; k < store->n_pools && r == 0; k++)
			r = find_in(store, store->pools[k], device, thin_id, provenance, why);
	}
	return r;
}

/* --- its containers ----------------------------------------------------------------------------*/

struct by_key {
	const struct bolt_bucket *containers;
	struct provenance *provenance;
};

static int visit_container(struct bolt_bytes id, struct bolt_bytes value, bool is_bucket,
			   void *context)
{
	const struct by_key *search = context;
	struct provenance *provenance = search->provenance;
	_cleanup_free_ char *snapshotter = NULL, *key = NULL, *runtime = NULL;
	struct bolt_bucket bucket;

	(void)value;
	if (!is_bucket)
		return 0;
	if (bolt_bucket(search->containers, id, &bucket) <= 0)
		return -EBADMSG;
	snapshotter = database_dup_text(&bucket, "snapshotter");
	key = database_dup_text(&bucket, "snapshotKey");
	if (!snapshotter || !key || strcmp(snapshotter, "devmapper") != 0 ||
	    strcmp(key, provenance->self.key) != 0)
		return 0;
	provenance->has_container = true;
	if (bolt_bucket(&bucket, bolt_key("runtime"), &bucket) > 0)
		runtime = database_dup_text(&bucket, "name");
	if (provenance->runtime || (runtime && containerd_runtime_mounts(runtime)))
		return 0;
	/* containerd records one for each container. */
	provenance->runtime = runtime ? TAKE_PTR(runtime) : strdup("unknown");
	return provenance->runtime ? 0 : -ENOMEM;
}

/* Another containerd may use the same namespace and key, but not under this name. */
static int has_snapshot(const struct database *meta, const struct provenance_snapshot *self)
{
	const char *const keys[] = {"v1", self->ns, "snapshots", "devmapper", self->key, NULL};
	_cleanup_free_ char *name = NULL;
	struct bolt_bucket bucket;
	int r = database_bucket(meta, keys, &bucket);

	if (r > 0)
		name = database_dup_text(&bucket, "name");
	return r < 0 ? r : name && strcmp(name, self->name) == 0;
}

static int find_containers(const struct snapshots *snapshots, struct provenance *provenance,
			   struct why *why)
{
	const char *const keys[] = {"v1", provenance->self.ns, "containers", NULL};

	for (size_t i = 0; provenance->self.key && i < snapshots->n; i++) {
		const struct database *meta = snapshots->metas[i];
		struct bolt_bucket containers;
		int r = meta ? has_snapshot(meta, &provenance->self) : 0;

		if (r > 0) {
			provenance->has_owner_db = true;
			r = database_bucket(meta, keys, &containers);
		}
		if (r > 0)
			r = bolt_each(&containers, visit_container,
				      &(struct by_key){&containers, provenance});
		if (r < 0)
			return r == -ENOMEM ? why_no_memory(why) : damaged(meta, why);
	}
	return 0;
}

/* --- what cannot be read -----------------------------------------------------------------------*/

static int visit_any(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket, void *context)
{
	(void)key;
	(void)value;
	(void)is_bucket;
	(void)context;
	return 1;
}

/* A later version of containerd would have a bucket of another name. */
static void check_version(const struct database *database, const char *bucket,
			  struct walk_unread *unread)
{
	const char *const keys[] = {bucket, NULL};
	struct bolt_bucket found;
	struct why why;

	if (!database || database_bucket(database, keys, &found) > 0)
		return;
	bolt_root(&database->bolt, &found);
	if (bolt_each(&found, visit_any, NULL) == 0)
		return;
	why_set(&why, EBADMSG, "%s: it has a format that is not known", database->path);
	walk_note_unread(&why, unread);
}

static void check_versions(const struct snapshots *snapshots, struct walk_unread *unread)
{
	for (size_t i = 0; i < snapshots->n; i++)
		check_version(snapshots->metas[i], "v1", unread);
	for (size_t i = 0; i < 2 * snapshots->n; i++) {
		const struct snapshot_store *store = &snapshots->stores[i];

		check_version(store->index, "v1", unread);
		for (size_t k = 0; k < store->n_pools; k++)
			check_version(store->pools[k], "devices", unread);
	}
}

int provenance_read(const struct engine_roots *roots, const char *device, int64_t thin_id,
		    struct provenance *ret, struct why *why)
{
	_cleanup_(provenance_free) struct provenance provenance = {.self.thin_id = -1};
	struct walk_unread unread = {.any = false};
	const struct engine_walk walk = {
		.roots = roots, .context = &unread, .complain = walk_note_unread};
	struct snapshots *snapshots;
	int r;

	if (snapshots_open(&walk, &snapshots) < 0)
		return why_no_memory(why);
	check_versions(snapshots, &unread);
	r = find_snapshot_device(snapshots, device, thin_id, &provenance, why);
	if (r > 0 && find_containers(snapshots, &provenance, why) < 0)
		r = -EBADMSG;
	snapshots_free(snapshots);
	/* What is missing may be in what could not be read. */
	if (unread.any && (r == 0 || (r > 0 && provenance.self.key && !provenance.has_owner_db))) {
		*why = unread.why;
		return -EAGAIN;
	}
	if (r <= 0)
		return r;
	*ret = provenance;
	provenance = (struct provenance){0};
	return 1;
}
