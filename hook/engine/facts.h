/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the rules can match in a container that is about to start: its engine, image and namespace.
 * They come from the path of its bundle and its annotations; the image also from the files of
 * Docker and podman, which pass it to nobody.
 */

#include "oci/json.h"

#include <stddef.h>

struct facts_source {
	const char *id, *bundle;
	const char *root_path; /* or NULL */
	const struct json *const *annotations;
	size_t n_annotations;	   /* objects; the first that has a key wins; some may be NULL */
	const struct json *labels; /* a pod's; or NULL */
};

/* "docker", "containerd", "podman", "crio", "storage" (podman or CRI-O) or "runtime". */
const char *facts_engine(const struct facts_source *of);

/* Kubernetes' namespace, else containerd's; to be freed. NULL: none is known. */
char *facts_namespace(const struct facts_source *of);

/* The image's name as the user gave it, to be freed. NULL: not known. */
char *facts_image(const struct facts_source *of);
