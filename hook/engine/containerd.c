/* SPDX-License-Identifier: Apache-2.0 */

/*
 * containerd's tasks: <state>/io.containerd.runtime.v2.task/<namespace>/<id>/ is the bundle, made
 * by the shim (runtime/v2 in containerd's source), with init.pid in it. What has no task is only in
 * containerd's own database, and not seen here. Docker's containers are tasks, too: those of the
 * namespace "moby".
 */

#include "base/cleanup.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/runtime.h"
#include "engine/walk.h"
#include "oci/spec.h"

#include <string.h>
#include <unistd.h>

struct place {
	const struct engine_walk *walk;
	const char *folder; /* of all tasks */
	const char *ns;
};

/* Names of the CRI plugin (pkg/cri/annotations) and of nerdctl (pkg/labels). */
static void describe(const struct json *annotations, struct engine_container *ret)
{
	_cleanup_free_ char *pod = walk_dup_string(annotations, "io.kubernetes.cri.sandbox-name");
	_cleanup_free_ char *container =
		walk_dup_string(annotations, "io.kubernetes.cri.container-name");
	char *ns = walk_dup_string(annotations, "io.kubernetes.cri.sandbox-namespace");

	if (pod && container && asprintf(&ret->name, "%s/%s", pod, container) < 0)
		ret->name = NULL;
	if (!ret->name)
		ret->name = walk_dup_string(annotations, "nerdctl/name");
	if (ns) {
		free(ret->namespace);
		ret->namespace = ns;
	}
	ret->image = walk_dup_string(annotations, "io.kubernetes.cri.image-name");
}

static int visit_task(const char *id, void *context)
{
	_cleanup_free_ char *bundle = NULL, *pid_file = NULL, *spec_file = NULL;
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	const struct place *place = context;
	struct engine_container container;
	struct why why;
	pid_t pid = 0;
	int r;

	if (asprintf(&bundle, "%s/%s/%s", place->folder, place->ns, id) < 0 ||
	    asprintf(&pid_file, "%s/init.pid", bundle) < 0 ||
	    asprintf(&spec_file, "%s/config.json", bundle) < 0)
		return -ENOMEM;
	if (access(spec_file, F_OK) < 0)
		return 0;
	r = oci_spec_read(spec_file, &spec, &why);
	if (r < 0)
		return walk_pass_over(place->walk, r, &why);
	if (runtime_read_pidfile(pid_file, &pid, &why) < 0)
		pid = 0; /* not started yet, or gone */
	container = (struct engine_container){
		.engine = engine_of_bundle(bundle),
		.id = strdup(id),
		.namespace = strdup(place->ns),
		.pid = pid,
	};
	container.bundle = TAKE_PTR(bundle);
	if (!container.id || !container.namespace) {
		engine_container_free(&container);
		return -ENOMEM;
	}
	if (spec.annotations)
		describe(spec.annotations, &container);
	return place->walk->visit(&container, place->walk->context);
}

static int visit_namespace(const char *ns, void *context)
{
	struct place *place = context;
	_cleanup_free_ char *path = NULL;

	place->ns = ns;
	if (asprintf(&path, "%s/%s", place->folder, ns) < 0)
		return -ENOMEM;
	return walk_entries(path, visit_task, place);
}

int containerd_walk(const struct engine_walk *walk)
{
	for (size_t i = 0; i < walk->roots->n; i++) {
		struct place place = {.walk = walk};
		_cleanup_free_ char *folder = NULL;
		int r;

		if (asprintf(&folder, "%s/io.containerd.runtime.v2.task", walk->roots->dirs[i]) < 0)
			return -ENOMEM;
		place.folder = folder;
		r = walk_entries(folder, visit_namespace, &place);
		if (r)
			return r;
	}
	return 0;
}
