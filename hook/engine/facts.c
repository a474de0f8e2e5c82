/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/facts.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "base/text.h"
#include "engine/docker.h"
#include "engine/engine.h"
#include "engine/walk.h"

#include <string.h>

static const char *find_annotation(const struct facts_source *of, const char *key)
{
	const char *text = NULL;
	struct why unused;

	for (size_t i = 0; i < of->n_annotations; i++) {
		int r = of->annotations[i] ? json_string(of->annotations[i], key, &text, &unused)
					   : 0;

		if (r)
			return r > 0 ? text : NULL;
	}
	return NULL;
}

/* A copy of the first key that is set. */
static char *dup_first(const struct facts_source *of, const char *const keys[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = find_annotation(of, keys[i]);

		if (text && *text)
			return strdup(text);
	}
	return NULL;
}

/* podman (libpod) and CRI-O both name themselves in io.container.manager. */
const char *facts_engine(const struct facts_source *of)
{
	const char *engine = engine_of_bundle(of->bundle), *manager;

	if (strcmp(engine, ENGINE_STORAGE) != 0)
		return engine;
	manager = find_annotation(of, "io.container.manager");
	if (manager && strcmp(manager, "libpod") == 0)
		return ENGINE_PODMAN;
	return manager && strcmp(manager, "cri-o") == 0 ? ENGINE_CRIO : engine;
}

/* containerd's CRI, CRI-O, and the kubelet's label for both. */
char *facts_namespace(const struct facts_source *of)
{
	static const char pod_namespace[] = "io.kubernetes.pod.namespace";
	static const char *const keys[] = {"io.kubernetes.cri.sandbox-namespace",
					   "io.kubernetes.cri-o.Namespace", pod_namespace};
	char *found = dup_first(of, keys, COUNT(keys));
	struct why unused;
	const char *label;

	/* cri-dockerd's */
	if (!found && of->labels && json_string(of->labels, pod_namespace, &label, &unused) > 0)
		return strdup(label);
	return found ? found : engine_namespace_of_bundle(of->bundle);
}

/* "metadata" is JSON in a string: podman's vendored libpod/storage.go, "image-name". */
static char *image_of(const struct json *entry)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const char *text;
	struct why unused;

	if (json_string(entry, "metadata", &text, &unused) <= 0 ||
	    json_parse(text, strlen(text), &doc, &unused) < 0)
		return NULL;
	return walk_dup_string(json_root(doc), "image-name");
}

static char *image_in_index(const char *path, const char *id)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	struct why unused;

	if (walk_read_json(path, JSON_ARRAY, &doc, &unused) <= 0)
		return NULL;
	json_foreach (entry, json_root(doc)) {
		const char *text;

		if (json_string(entry, "id", &text, &unused) > 0 && strcmp(text, id) == 0)
			return image_of(entry);
	}
	return NULL;
}

/*
 * The name of the image from which podman made the container in this bundle, to be freed; NULL if
 * unknown. The bundle is <root>/<driver>-containers/<id>/userdata; next to the ids is the index
 * that names the images.
 */
static char *storage_image(const char *bundle)
{
	static const char *const indexes[] = {"containers.json", "volatile-containers.json"};
	static const char userdata[] = "/userdata";
	size_t len = strlen(bundle), tail = sizeof(userdata) - 1;
	const char *end = len > tail ? bundle + len - tail : "", *slash;
	_cleanup_free_ char *directory = NULL, *id = NULL;
	char *image = NULL;

	if (strcmp(end, userdata) != 0)
		return NULL;
	slash = memrchr(bundle, '/', len - tail);
	if (!slash)
		return NULL;
	directory = strndup(bundle, (size_t)(slash - bundle));
	id = strndup(slash + 1, (size_t)(end - slash) - 1);
	if (!directory || !id || !walk_is_id(id))
		return NULL;
	for (size_t i = 0; i < COUNT(indexes) && !image; i++) {
		_cleanup_free_ char *path = text_new("%s/%s", directory, indexes[i]);

		if (path)
			image = image_in_index(path, id);
	}
	return image;
}

char *facts_image(const struct facts_source *of)
{
	static const char *const keys[] = {"io.kubernetes.cri.image-name",
					   "io.kubernetes.cri-o.ImageName"};
	char *found = dup_first(of, keys, COUNT(keys));

	if (!found && of->root_path)
		found = docker_image(of->root_path, of->id);
	return found ? found : storage_image(of->bundle);
}
