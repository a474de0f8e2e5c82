/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Describes a container from the files that its engine keeps on the host. Engines are never called:
 * they hold the container's lock while hooks run. Each engine has one file with one function that
 * finds its containers below the directories that engines use.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct engine_roots {
	const char *const *dirs; /* absolute; searched in this order */
	size_t n;
};

/* Strings are owned by the container, and NULL if the engine's files do not say. */
struct engine_container {
	const char *engine; /* "docker", "containerd", "podman", "crio", "runc", "crun"; static */
	char *id;	    /* never NULL */
	char *name;	    /* as shown to people: "web", or "POD/CONTAINER" under Kubernetes */
	char *namespace;    /* containerd's, or the pod's under Kubernetes */
	char *image;
	bool in_pod;  /* of Kubernetes: after a reboot it is re-created, with a new disk */
	char *bundle; /* directory with config.json */
	char *spec;   /* config.json, if the engine keeps it elsewhere */
	char *device; /* device-mapper name of its thin device, if the files name it */
	uint64_t
		remembered; /* bytes that the engine will give the device next time; 0: not known */
	char *runtime;	    /* as containerd records it, such as "io.containerd.runc.v2" */
	pid_t pid;	    /* of its first process on the host; 0: not running */
	char *size_option;  /* Docker's --storage-opt size=, where the engine ignores it */
	struct json_doc *labels_doc;
	const struct json *labels; /* in labels_doc, or NULL */
};

/*
 * The labels in which a container can request a size: only Docker's, because the hook can read
 * them. containerd's are in a locked database, and CRI-O turns them into annotations. NULL: none.
 */
const struct json *engine_container_asking_labels(const struct engine_container *container);

void engine_container_free(struct engine_container *container);

/*
 * Called for each container; takes over its contents (and must free them, also on failure).
 * Non-zero ends the walk and is returned.
 */
typedef int engine_visit(struct engine_container *container, void *context);

struct engine_walk {
	const struct engine_roots *roots;
	engine_visit *visit;
	void *context;
	/*
	 * Called for files that cannot be read or understood, which are then skipped. May be NULL.
	 */
	void (*complain)(const struct why *why, void *context);
};

/*
 * Each walk is in its engine's file: docker.c, containerd.c, storage.c, runtime.c. 0, what visit
 * returned, or -ENOMEM. A root that does not exist, or is another engine's, is not an error.
 */
int docker_walk(const struct engine_walk *walk);
int containerd_walk(const struct engine_walk *walk);
int storage_walk(const struct engine_walk *walk);
int runtime_walk(const struct engine_walk *walk);
