/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A container as its engine's own files on the host describe it. Engines are never called: they
 * hold the container's lock while hooks run. Each engine has one file with one function that finds
 * its containers below the directories that engines use.
 *
 * Directories are an engine's data root (what outlives a reboot) or its state root (what does not).
 * Which one a directory is, if any, is seen by what is in it. The usual ones:
 *
 * - /var/lib/docker: Docker
 * - /var/lib/containerd and /var/lib/docker/containerd/daemon: databases of containerd, and of
 *   Docker's own
 * - /run/containerd and /run/docker/containerd/daemon: their tasks
 * - /var/lib/containers/storage and /run/containers/storage: podman, CRI-O
 * - /run/runc and /run/crun: runtimes without an engine
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct engine_roots {
	const char *const *dirs; /* absolute, looked through in this order */
	size_t n;
};

extern const struct engine_roots engine_default_roots;

/* Strings are the container's own, NULL where the engine's files do not say. */
struct engine_container {
	const char *engine; /* "docker", "containerd", "podman", "crio", "runc", "crun"; static */
	char *id;	    /* never NULL */
	char *name;	    /* as people call it: "web", or "POD/CONTAINER" under Kubernetes */
	char *namespace;    /* containerd's, or under Kubernetes the pod's */
	char *image;
	bool in_pod;  /* of Kubernetes': after a reboot it is created anew, with a new disk */
	char *bundle; /* directory with config.json */
	char *spec;   /* config.json itself, if an engine keeps that elsewhere */
	char *device; /* dm name of its thin device, where the files name it */
	uint64_t remembered; /* bytes that it will give the device the next time; 0: not known */
	pid_t pid;	     /* of its first process on the host; 0: not running */
	struct json_doc *labels_doc;
	const struct json *labels; /* in labels_doc, or NULL */
};

/*
 * The labels in which a container can ask for a size: those that the hook finds, too. Docker's,
 * which are in a file for it to read; containerd's are in a database that is locked, and CRI-O
 * makes annotations of them. NULL: none.
 */
const struct json *engine_container_asking_labels(const struct engine_container *container);

void engine_container_free(struct engine_container *container);

/*
 * Called for each container; takes what is in it over (it must be freed, also on failure).
 * Non-zero ends the walk and is returned.
 */
typedef int engine_visit(struct engine_container *container, void *context);

struct engine_walk {
	const struct engine_roots *roots;
	engine_visit *visit;
	void *context;
	/* Files that cannot be read or understood: told here, then passed over. May be NULL. */
	void (*complain)(const struct why *why, void *context);
};

/* 0, what visit returned, or -ENOMEM. A root that is not there, or not that engine's, is no error.
 */
int docker_walk(const struct engine_walk *walk);
int containerd_walk(const struct engine_walk *walk);
int storage_walk(const struct engine_walk *walk);
int runtime_walk(const struct engine_walk *walk);
