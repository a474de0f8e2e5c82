/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/facts.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "engine/docker.h"
#include "engine/engine.h"
#include "engine/storage-image.h"

#include <string.h>

static const char *find(const struct facts_of *of, const char *key)
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

/* The first of the keys that there is, copied. */
static char *dup_first(const struct facts_of *of, const char *const keys[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = find(of, keys[i]);

		if (text && *text)
			return strdup(text);
	}
	return NULL;
}

/* podman (libpod) and CRI-O both say who they are in io.container.manager. */
const char *facts_engine(const struct facts_of *of)
{
	const char *engine = engine_of_bundle(of->bundle), *manager;

	if (strcmp(engine, "storage") != 0)
		return engine;
	manager = find(of, "io.container.manager");
	if (manager && strcmp(manager, "libpod") == 0)
		return "podman";
	return manager && strcmp(manager, "cri-o") == 0 ? "crio" : engine;
}

/* containerd's CRI, CRI-O, and what the kubelet gives both as a label. */
char *facts_namespace(const struct facts_of *of)
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

char *facts_image(const struct facts_of *of)
{
	static const char *const keys[] = {"io.kubernetes.cri.image-name",
					   "io.kubernetes.cri-o.ImageName"};
	char *found = dup_first(of, keys, COUNT(keys));

	if (!found && of->root_path)
		found = docker_image(of->root_path, of->id);
	return found ? found : storage_image(of->bundle);
}
