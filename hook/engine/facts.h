/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a configuration's rules may ask of a container that is about to start: who runs it, from
 * which image, in which namespace. From its bundle's place and its annotations; only for images,
 * which Docker and podman tell nobody, from the engine's own files.
 */

#include "oci/json.h"

#include <stddef.h>

struct facts_of {
	const char *id, *bundle;
	const char *root_path; /* or NULL */
	const struct json *const *annotations;
	size_t n_annotations;	   /* objects, the first that has a key counts; some may be NULL */
	const struct json *labels; /* or NULL */
};

/* "docker", "containerd", "podman", "crio", "storage" (one of these two) or "runtime". */
const char *facts_engine(const struct facts_of *of);

/* Kubernetes' namespace, or else containerd's; to be freed. NULL: none is known. */
char *facts_namespace(const struct facts_of *of);

/* The name that the image was asked for by, to be freed. NULL: not known. */
char *facts_image(const struct facts_of *of);
