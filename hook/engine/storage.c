/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "base/text.h"
#include "engine/container.h"
#include "engine/graph.h"
#include "engine/runtime.h"
#include "engine/walk.h"

#include <string.h>

/*
 * Reads containers/storage with the devicemapper driver:
 *   <root>/devicemapper-containers/containers.json           podman's containers
 *   <root>/devicemapper-containers/volatile-containers.json  CRI-O's, and `podman run --rm`
 *   <root>/devicemapper-containers/<id>/userdata/config.json
 *   <run root>/devicemapper-containers/<id>/userdata/pidfile, CRI-O's config.json
 *   <root>/devicemapper/metadata/<layer>                     size of the device when next created
 * Paths: containers.go and drivers/devmapper/deviceset.go there. Contents of "metadata": podman's
 * vendored libpod/storage.go and CRI-O's internal/storage/runtime.go.
 */
#define CONTAINERS "devicemapper-containers"

/* The container being read: problems with it are reported at once, and it is skipped. */
struct found {
	const struct engine_walk *walk;
	struct engine_container container;
};

static int copy(const char *text, char **ret)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int fill_id(const struct json *entry, struct engine_container *container, struct why *why)
{
	const char *id = "";
	int r = json_string(entry, "id", &id, why);

	if (r < 0)
		return r;
	if (!walk_is_id(id))
		return why_set(why, EINVAL, "no \"id\", or an invalid one: %s", quote(id));
	return copy(id, &container->id);
}

static int fill_name(const struct json *entry, struct engine_container *container, struct why *why)
{
	const struct json *names, *name;
	int r = json_member(entry, "names", JSON_ARRAY, &names, why);

	if (r <= 0 || !names->first)
		return r < 0 ? r : 0;
	name = names->first;
	if (name->type != JSON_STRING || memchr(name->text, '\0', name->len))
		return why_set(why, EINVAL, "\"names\" does not begin with a name");
	return copy(name->text, &container->name);
}

/* k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT: Kubernetes allows no underscore in these names. */
static int split_name(struct engine_container *container)
{
	enum { K8S, CONTAINER, POD, NAMESPACE, UID, ATTEMPT, PARTS };
	_cleanup_free_ char *name = container->name ? strdup(container->name) : NULL;
	char *parts[PARTS], *rest = name;
	size_t n = 0;

	if (container->name && !name)
		return -ENOMEM;
	while (rest && n < PARTS)
		parts[n++] = strsep(&rest, "_");
	if (rest || n < PARTS || strcmp(parts[K8S], "k8s") != 0)
		return 0;
	free(TAKE_PTR(container->name));
	container->name = text_new("%s/%s", parts[POD], parts[CONTAINER]);
	return container->name ? copy(parts[NAMESPACE], &container->namespace) : -ENOMEM;
}

/* Only CRI-O writes pod names there; podman also writes some of CRI-O's annotations. */
static int fill_metadata(const struct json *entry, struct engine_container *container,
			 struct why *why)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const char *text = "", *image = "", *pod = "";
	int r = json_string(entry, "metadata", &text, why);

	if (r < 0 || *text == '\0')
		return r;
	if ((r = json_parse(text, strlen(text), &doc, why)) < 0 ||
	    (r = json_string(json_root(doc), "pod-name", &pod, why)) < 0 ||
	    (r = json_string(json_root(doc), "image-name", &image, why)) < 0)
		return why_prefix(why, r, "\"metadata\"");
	if (*image && copy(image, &container->image) < 0)
		return -ENOMEM;
	if (*pod == '\0')
		return 0;
	container->engine = ENGINE_CRIO;
	container->in_pod = true;
	return split_name(container);
}

/* 1 if the root has the layer. */
static int look_at_layer(const char *root, const char *layer, struct found *found)
{
	_cleanup_free_ char *directory = text_new("%s/devicemapper", root);
	struct why why;
	int r;

	if (!directory)
		return -ENOMEM;
	r = graph_fill(directory, "container", layer, &found->container, &why);
	if (r < 0)
		return walk_pass_over(found->walk, r, &why) < 0 ? -ENOMEM : 1;
	if (r == 0)
		free(TAKE_PTR(found->container.device));
	return r;
}

/* With a transient store the container is in the run root, but its device is not. */
static int fill_device(const struct json *entry, struct found *found, struct why *why)
{
	const struct engine_roots *roots = found->walk->roots;
	const char *layer = "";
	int r = json_string(entry, "layer", &layer, why);

	if (r <= 0)
		return r;
	if (!walk_is_id(layer))
		return why_set(why, EINVAL, "an invalid \"layer\": %s", quote(layer));
	for (size_t i = 0; i < roots->n && r >= 0; i++) {
		r = look_at_layer(roots->dirs[i], layer, found);
		if (r > 0)
			return 0;
	}
	return r;
}

/* *ret_path: the first file @name of the container below any root; NULL if there is none. */
static int find_file(const struct found *found, const char *name, char **ret_path)
{
	const struct engine_roots *roots = found->walk->roots;

	for (size_t i = 0; i < roots->n; i++) {
		_cleanup_free_ char *path = text_new("%s/" CONTAINERS "/%s/userdata/%s",
						     roots->dirs[i], found->container.id, name);

		if (!path)
			return -ENOMEM;
		if (access(path, F_OK) == 0) {
			*ret_path = TAKE_PTR(path);
			return 0;
		}
	}
	return 0;
}

/* CRI-O puts the labels as a JSON object in a string into an annotation. */
static int parse_labels(const struct json_doc *config, struct engine_container *container,
			struct why *why)
{
	static const char key[] = "io.kubernetes.cri-o.Labels";
	_cleanup_json_ struct json_doc *doc = NULL;
	const struct json *annotations;
	const char *text;
	int r = json_member(json_root(config), "annotations", JSON_OBJECT, &annotations, why);

	if (r <= 0 || (r = json_string(annotations, key, &text, why)) <= 0)
		return r;
	r = json_parse(text, strlen(text), &doc, why);
	if (r < 0)
		return why_prefix(why, r, quote(key));
	if (json_root(doc)->type != JSON_OBJECT) /* null if it has none */
		return 0;
	container->labels = json_root(doc);
	container->labels_doc = TAKE_PTR(doc);
	return 0;
}

static int fill_bundle(struct found *found)
{
	_cleanup_json_ struct json_doc *config = NULL;
	_cleanup_free_ char *path = NULL;
	struct engine_container *container = &found->container;
	struct why why;
	int r = find_file(found, "config.json", &path);

	if (r < 0 || !path)
		return r;
	container->bundle = strndup(path, strlen(path) - strlen("/config.json"));
	if (!container->bundle)
		return -ENOMEM;
	if (strcmp(container->engine, ENGINE_CRIO) != 0)
		return 0;
	r = walk_read_json(path, JSON_OBJECT, &config, &why);
	if (r > 0) {
		r = parse_labels(config, container, &why);
		if (r < 0)
			why_prefix(&why, r, path);
	}
	return r < 0 ? walk_pass_over(found->walk, r, &why) : 0;
}

/* The runtime's state is the best source; the pidfile is for unknown runtimes. */
static int fill_pid(struct found *found)
{
	_cleanup_free_ char *path = NULL;
	struct engine_container *container = &found->container;
	struct why why;
	pid_t pid;
	int r = runtime_pid(found->walk->roots, container->id, &container->pid);

	if (r == 0)
		r = find_file(found, "pidfile", &path);
	if (r < 0 || !path)
		return r < 0 ? r : 0;
	r = runtime_read_pidfile(path, &pid, &why);
	if (r == 0 && runtime_is_process_of(pid, container->id))
		container->pid = pid;
	return r < 0 ? walk_pass_over(found->walk, r, &why) : 0;
}

static int fill_container(const struct json *entry, struct found *found, struct why *why)
{
	struct engine_container *container = &found->container;
	int r;

	container->engine = ENGINE_PODMAN;
	if ((r = fill_id(entry, container, why)) < 0)
		return r;
	if ((r = fill_name(entry, container, why)) < 0 ||
	    (r = fill_metadata(entry, container, why)) < 0 ||
	    (r = fill_device(entry, found, why)) < 0)
		return r == -ENOMEM ? r : why_prefix(why, r, container->id);
	if ((r = fill_bundle(found)) < 0)
		return r;
	return fill_pid(found);
}

static int walk_entry(const struct engine_walk *walk, const char *path, const struct json *entry)
{
	struct found found = {.walk = walk};
	struct why why;
	int r = fill_container(entry, &found, &why);

	if (r == 0)
		return walk->visit(&found.container, walk->context);
	engine_container_free(&found.container);
	if (r != -ENOMEM)
		why_prefix(&why, r, path);
	return walk_pass_over(walk, r, &why);
}

static int walk_index(const struct engine_walk *walk, const char *root, const char *name)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	_cleanup_free_ char *path = text_new("%s/" CONTAINERS "/%s", root, name);
	struct why why;
	int r;

	if (!path)
		return -ENOMEM;
	r = walk_read_json(path, JSON_ARRAY, &doc, &why);
	if (r <= 0)
		return r < 0 ? walk_pass_over(walk, r, &why) : 0;
	r = 0;
	json_foreach (entry, json_root(doc)) {
		r = walk_entry(walk, path, entry);
		if (r != 0)
			break;
	}
	return r;
}

int storage_walk(const struct engine_walk *walk)
{
	static const char *const names[] = {"containers.json", "volatile-containers.json"};
	int r = 0;

	for (size_t i = 0; i < walk->roots->n && r == 0; i++) {
		for (size_t k = 0; k < COUNT(names) && r == 0; k++)
			r = walk_index(walk, walk->roots->dirs[i], names[k]);
	}
	return r;
}
