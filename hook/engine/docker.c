/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker.h"

#include "base/cleanup.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/graph.h"
#include "engine/runtime.h"
#include "engine/snapshots.h"
#include "engine/walk.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#define CONFIG_MAX_BYTES (16UL * 1024 * 1024)
#define ID_LEN		 64
#define CONFIG_FILE	 "config.v2.json"
#define HOST_CONFIG_FILE "hostconfig.json"

static bool is_id(const char *id)
{
	return strspn(id, "0123456789abcdef") == ID_LEN && id[ID_LEN] == '\0';
}

/* The last occurrence: a data root may have such a name in it, too. */
static const char *find_last(const char *text, const char *part)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, part)); at++)
		found = at;
	return found;
}

/* What follows the data root: with Docker's own driver, and with containerd's store. */
static const char own_driver[] = "/devicemapper/mnt/", containerd_store[] = "/rootfs/devmapper/";

size_t docker_data_root(const char *root_path)
{
	const char *own = find_last(root_path, own_driver);
	const char *store = find_last(root_path, containerd_store);
	const char *last = !own || (store && store > own) ? store : own;

	return last && *root_path == '/' ? (size_t)(last - root_path) : 0;
}

static bool is_in_containerd_store(const char *root_path)
{
	const char *rest = root_path + docker_data_root(root_path);

	return strncmp(rest, containerd_store, sizeof(containerd_store) - 1) == 0;
}

static int find_labels(const struct json *root, const struct json **ret, struct why *why)
{
	const struct json *config;
	int r = json_object(root, "Config", &config, why);

	return r <= 0 ? r : json_object(config, "Labels", ret, why);
}

/* The name is cri-dockerd's (core/naming.go); the label alone may be the image's. */
static bool is_in_pod(const struct json *root, const struct json *labels)
{
	const char *name, *pod;
	struct why unused;

	return labels && json_string(root, "Name", &name, &unused) > 0 &&
	       strncmp(name, "/k8s_", strlen("/k8s_")) == 0 &&
	       json_string(labels, "io.kubernetes.pod.name", &pod, &unused) > 0;
}

static int read_labels(const char *path, struct docker_labels *ret, struct why *why)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const struct json *labels;
	int r = json_read_at(AT_FDCWD, path, CONFIG_MAX_BYTES, &doc, why);

	if (r > 0)
		r = find_labels(json_root(doc), &labels, why);
	if (r <= 0)
		return r;
	ret->labels = labels;
	ret->in_pod = is_in_pod(json_root(doc), labels);
	ret->doc = TAKE_PTR(doc);
	return 1;
}

/* The path of a file of the container; NULL if that is not Docker's. */
static char *file_path(const char *root_path, const char *id, const char *name)
{
	size_t root_len = docker_data_root(root_path);

	if (root_len == 0 || !is_id(id))
		return NULL;
	return text_new("%.*s/containers/%s/%s", (int)root_len, root_path, id, name);
}

char *docker_image(const char *root_path, const char *id)
{
	_cleanup_free_ char *path = file_path(root_path, id, CONFIG_FILE);
	_cleanup_json_ struct json_doc *doc = NULL;
	const struct json *config;
	struct why unused;

	if (!path || walk_read_json(path, JSON_OBJECT, &doc, &unused) <= 0 ||
	    json_member(json_root(doc), "Config", JSON_OBJECT, &config, &unused) <= 0)
		return NULL;
	return walk_dup_string(config, "Image");
}

int docker_labels(const char *root_path, const char *id, struct docker_labels *ret, struct why *why)
{
	_cleanup_free_ char *path = file_path(root_path, id, CONFIG_FILE);
	int r = path ? read_labels(path, ret, why) : 0;

	return r < 0 ? why_prefix(why, r, quote(path)) : r;
}

/* Docker takes the key in any case. */
static int find_size(const struct json *options, const char **ret, struct why *why)
{
	json_foreach (member, options) {
		if (strcasecmp(member->key, "size") == 0)
			return json_string(options, member->key, ret, why);
	}
	return 0;
}

static int read_size_option(const char *path, char **ret, struct why *why)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const struct json *options;
	const char *size;
	int r = json_read_at(AT_FDCWD, path, CONFIG_MAX_BYTES, &doc, why);

	if (r > 0)
		r = json_object(json_root(doc), "StorageOpt", &options, why);
	if (r > 0)
		r = find_size(options, &size, why);
	if (r <= 0)
		return r < 0 ? why_prefix(why, r, quote(path)) : 0;
	*ret = strdup(size);
	return *ret ? 1 : why_no_memory(why);
}

int docker_size_option(const char *root_path, const char *id, char **ret, struct why *why)
{
	_cleanup_free_ char *path = NULL;

	if (!is_in_containerd_store(root_path))
		return 0;
	path = file_path(root_path, id, HOST_CONFIG_FILE);
	return path ? read_size_option(path, ret, why) : 0;
}

/* --- all of them ----------------------------------------------------------------------------- */

#define NAMESPACES 2

static const char moby[] = "moby";

struct place {
	const struct engine_walk *walk;
	const char *root;	     /* the data root */
	const char *ns[NAMESPACES];  /* containerd's for what is in it; NULL: no more */
	struct snapshots *snapshots; /* containerd's, once they are needed */
};

struct outer {
	struct place *place;
	const char *root; /* which may hold data roots of remapped users */
};

/* Up to Docker 24, with its own devicemapper driver */
static int find_graph_device(const struct place *place, struct engine_container *container)
{
	_cleanup_free_ char *directory = text_new("%s/devicemapper", place->root), *mount_id = NULL;
	_cleanup_free_ char *path = text_new("%s/image/devicemapper/layerdb/mounts/%s/mount-id",
					     place->root, container->id);
	struct why why;
	int r;

	if (!directory || !path)
		return -ENOMEM;
	mount_id = walk_read_line(path);
	if (!mount_id || !walk_is_id(mount_id))
		return 0;
	r = graph_fill(directory, ENGINE_DOCKER, mount_id, container, &why);
	return r < 0 ? walk_pass_over(place->walk, r, &why) : 0;
}

/* From Docker 23 on, with containerd's snapshotter: the snapshot's key is the container's id. */
static int find_snapshot(struct place *place, struct engine_container *container)
{
	/* containerd_walk() reports what cannot be read. */
	const struct engine_walk silent = {.roots = place->walk->roots};
	int r = place->snapshots ? 0 : snapshots_open(&silent, &place->snapshots);

	for (size_t k = 0; k < NAMESPACES && place->ns[k]; k++) {
		for (size_t i = 0; r == 0 && i < place->snapshots->n; i++)
			r = snapshots_fill(place->snapshots, i, place->ns[k], container->id,
					   container);
	}
	return r < 0 ? r : 0;
}

static int find_size_option(const struct place *place, struct engine_container *container)
{
	_cleanup_free_ char *path =
		text_new("%s/containers/%s/" HOST_CONFIG_FILE, place->root, container->id);
	struct why why;
	int r = path ? read_size_option(path, &container->size_option, &why) : why_no_memory(&why);

	return r < 0 ? walk_pass_over(place->walk, r, &why) : 0;
}

/* After a power cut the file still has the number, which may be another process's by then. */
static pid_t running_pid(const struct json *config, const char *bundle, const char *ns,
			 const char *id)
{
	const struct json *state = NULL;
	struct why unused;
	int64_t pid;

	if (json_member(config, "State", JSON_OBJECT, &state, &unused) <= 0 ||
	    json_integer(state, "Pid", &pid, &unused) <= 0 || pid <= 0 || pid > INT32_MAX)
		return 0;
	return runtime_is_process_of_task((pid_t)pid, bundle, ns, id) ? (pid_t)pid : 0;
}

static void find_task(const struct place *place, const struct json *config,
		      struct engine_container *container)
{
	size_t k = 0;

	for (; k < NAMESPACES && place->ns[k] && !container->bundle; k++)
		container->bundle = walk_find_task(place->walk->roots, place->ns[k], container->id);
	container->pid = running_pid(config, container->bundle, place->ns[k - 1], container->id);
}

/* Takes @doc over. */
static int describe(struct place *place, const char *id, struct json_doc *doc,
		    struct engine_container *ret)
{
	const struct json *root = json_root(doc), *config = NULL;
	_cleanup_free_ char *name = walk_dup_string(root, "Name"),
			    *driver = walk_dup_string(root, "Driver");
	struct why unused;
	int r;

	json_member(root, "Config", JSON_OBJECT, &config, &unused);
	*ret = (struct engine_container){
		.engine = ENGINE_DOCKER,
		.id = strdup(id),
		.name = name ? strdup(name + (name[0] == '/')) : NULL,
		.image = walk_dup_string(config, "Image"),
		.labels_doc = doc,
	};
	if (find_labels(root, &ret->labels, &unused) <= 0)
		ret->labels = NULL;
	ret->in_pod = is_in_pod(root, ret->labels);
	if (!ret->id)
		return -ENOMEM;
	find_task(place, root, ret);
	if (driver && strcmp(driver, "devicemapper") == 0)
		return find_graph_device(place, ret);
	if (!driver || strcmp(driver, "devmapper") != 0)
		return 0;
	r = find_size_option(place, ret);
	return r < 0 ? r : find_snapshot(place, ret);
}

static int visit_container(const char *id, void *context)
{
	struct place *place = context;
	struct engine_container container;
	_cleanup_free_ char *path = NULL;
	struct json_doc *doc = NULL;
	struct why why;
	int r;

	if (!is_id(id))
		return 0;
	path = text_new("%s/containers/%s/" CONFIG_FILE, place->root, id);
	if (!path)
		return -ENOMEM;
	r = walk_read_json(path, JSON_OBJECT, &doc, &why);
	if (r <= 0)
		return r < 0 ? walk_pass_over(place->walk, r, &why) : 0;
	r = describe(place, id, doc, &container);
	if (r < 0) {
		engine_container_free(&container);
		return r;
	}
	return place->walk->visit(&container, place->walk->context);
}

static int walk_root(struct place *place, const char *root)
{
	const char *name = strrchr(root, '/') + 1;
	bool is_remapped = engine_is_remapped_root(name);
	_cleanup_free_ char *path = text_new("%s/containers", root);
	_cleanup_free_ char *remapped = text_new("moby-%s", name);

	if (!path || !remapped)
		return -ENOMEM;
	place->root = root;
	place->ns[0] = is_remapped ? remapped : moby;
	place->ns[1] = is_remapped ? moby : NULL;
	return walk_entries(path, visit_container, place);
}

static int visit_remapped(const char *name, void *context)
{
	_cleanup_free_ char *root = NULL;
	const struct outer *outer = context;

	if (!engine_is_remapped_root(name))
		return 0;
	root = text_new("%s/%s", outer->root, name);
	return root ? walk_root(outer->place, root) : -ENOMEM;
}

int docker_walk(const struct engine_walk *walk)
{
	struct place place = {.walk = walk};
	int r = 0;

	for (size_t i = 0; i < walk->roots->n && r == 0; i++) {
		const char *root = walk->roots->dirs[i];

		r = walk_root(&place, root);
		if (r == 0)
			r = walk_entries(root, visit_remapped, &(struct outer){&place, root});
	}
	snapshots_free(place.snapshots);
	return r;
}
