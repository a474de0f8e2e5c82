/* SPDX-License-Identifier: Apache-2.0 */

/*
 * containerd's containers are in its database (engine/snapshots.h). Those that run are also tasks:
 * <state>/io.containerd.runtime.v2.task/<namespace>/<id>/ is the bundle, made by the shim
 * (runtime/v2 in containerd's source), with init.pid in it; so they are seen even if the database
 * is not found. Docker's containers are in namespaces of
 * its own (engine/engine.h).
 */

#include "base/cleanup.h"
#include "base/engine-names.h"
#include "base/text.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "engine/runtime.h"
#include "engine/snapshots.h"
#include "engine/walk.h"
#include "oci/spec.h"

#include <string.h>

struct place {
	const struct engine_walk *walk;
	struct snapshots *snapshots;
	size_t root;	       /* number of the root whose database is being walked */
	const char *directory; /* directory of all tasks */
	const char *ns;
	const struct bolt_bucket *bucket; /* the namespace's containers */
};

/* --- what the files of a task say --------------------------------------------------------------*/

static int fill_task(const struct place *place, struct engine_container *container)
{
	_cleanup_free_ char *pid_file = text_new("%s/init.pid", container->bundle);
	_cleanup_free_ char *spec_file = text_new("%s/config.json", container->bundle);
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	struct why why;
	pid_t pid;
	int r;

	if (!pid_file || !spec_file)
		return -ENOMEM;
	/* The file does not exist before the start. */
	if (runtime_read_pidfile(pid_file, &pid, &why) == 0 &&
	    runtime_is_process_of_task(pid, container->bundle, place->ns, container->id))
		container->pid = pid;
	r = oci_spec_read(spec_file, &spec, &why);
	if (r < 0)
		return walk_pass_over(place->walk, r, &why);
	if (spec.annotations)
		record_describe(spec.annotations, container);
	return 0;
}

/* --- records and tasks -------------------------------------------------------------------------*/

/* Takes over @bundle; it or @bucket may be NULL. */
static int visit(const struct place *place, const char *id, char *bundle,
		 const struct bolt_bucket *bucket)
{
	bool docker = engine_is_dockers_namespace(place->ns);
	struct engine_container container = {
		.engine = docker ? ENGINE_DOCKER : ENGINE_CONTAINERD,
		.id = strdup(id),
		.namespace = docker ? NULL : strdup(place->ns),
		.bundle = bundle,
	};
	int r = container.id && (docker || container.namespace) ? 0 : -ENOMEM;

	if (r == 0 && bundle)
		r = fill_task(place, &container);
	if (r == 0 && bucket)
		r = record_fill(place->walk, place->snapshots, place->root, place->ns, bucket,
				&container);
	if (r < 0) {
		engine_container_free(&container);
		return r;
	}
	return place->walk->visit(&container, place->walk->context);
}

static int visit_record(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
			void *context)
{
	const struct place *place = context;
	_cleanup_free_ char *id = is_bucket ? bolt_text(key) : NULL;
	struct bolt_bucket bucket;
	int r;

	(void)value;
	if (!id || !walk_is_id(id))
		return 0;
	r = bolt_bucket(place->bucket, key, &bucket);
	if (r <= 0)
		return r;
	return visit(place, id, walk_find_task(place->walk->roots, place->ns, id), &bucket);
}

static int visit_records(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
			 void *context)
{
	struct place place = *(struct place *)context;
	_cleanup_free_ char *ns = is_bucket ? bolt_text(key) : NULL;
	const char *const keys[] = {"v1", ns, "containers", NULL};
	struct bolt_bucket bucket;
	int r;

	(void)value;
	if (!ns || !walk_is_id(ns))
		return 0;
	r = database_bucket(place.snapshots->metas[place.root], keys, &bucket);
	if (r <= 0)
		return r;
	place.ns = ns;
	place.bucket = &bucket;
	return bolt_each(&bucket, visit_record, &place);
}

static int walk_database(struct place *place)
{
	static const char *const keys[] = {"v1", NULL};
	struct database **meta = &place->snapshots->metas[place->root];
	struct bolt_bucket bucket;
	struct why why;
	int r;

	if (!*meta)
		return 0;
	r = database_bucket(*meta, keys, &bucket);
	if (r > 0)
		r = bolt_each(&bucket, visit_records, place);
	if (r != -EBADMSG)
		return r;
	why_set(&why, EBADMSG, "%s: it is damaged; containers may be missing", (*meta)->path);
	database_free(TAKE_PTR(*meta)); /* so that walk_tasks() does not use it */
	return walk_pass_over(place->walk, r, &why);
}

static bool is_recorded(const struct place *place, const char *id)
{
	const char *const keys[] = {"v1", place->ns, "containers", id, NULL};
	struct bolt_bucket bucket;

	for (size_t i = 0; i < place->snapshots->n; i++) {
		if (place->snapshots->metas[i] &&
		    database_bucket(place->snapshots->metas[i], keys, &bucket) > 0)
			return true;
	}
	return false;
}

static int visit_task(const char *id, void *context)
{
	_cleanup_free_ char *bundle = NULL, *spec_file = NULL;
	const struct place *place = context;

	if (is_recorded(place, id))
		return 0;
	bundle = text_new("%s/%s/%s", place->directory, place->ns, id);
	spec_file = bundle ? text_new("%s/config.json", bundle) : NULL;
	if (!spec_file)
		return -ENOMEM;
	return access(spec_file, F_OK) < 0 ? 0 : visit(place, id, TAKE_PTR(bundle), NULL);
}

static int visit_namespace(const char *ns, void *context)
{
	struct place *place = context;
	_cleanup_free_ char *path = text_new("%s/%s", place->directory, ns);

	place->ns = ns;
	return path ? walk_entries(path, visit_task, place) : -ENOMEM;
}

static int walk_tasks(struct place *place)
{
	_cleanup_free_ char *directory =
		text_new("%s/io.containerd.runtime.v2.task", place->walk->roots->dirs[place->root]);

	if (!directory)
		return -ENOMEM;
	place->directory = directory;
	return walk_entries(directory, visit_namespace, place);
}

int containerd_walk(const struct engine_walk *walk)
{
	struct place place = {.walk = walk};
	int r = snapshots_open(walk, &place.snapshots);

	if (r < 0)
		return r;
	for (place.root = 0; place.root < walk->roots->n && r == 0; place.root++)
		r = walk_database(&place);
	for (place.root = 0; place.root < walk->roots->n && r == 0; place.root++)
		r = walk_tasks(&place);
	snapshots_free(place.snapshots);
	return r;
}
