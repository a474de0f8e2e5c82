/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads what Docker stores on the host about a container (daemon/container in moby's source):
 *
 * - <data-root>/containers/<id>/config.v2.json: .Config.Labels, those of `docker run --label` and
 *   the image's; .Name, .Driver, .State.Pid
 * - <data-root>/containers/<id>/hostconfig.json: .StorageOpt, `docker run --storage-opt`
 *
 * The data root is the beginning of root.path:
 *
 * - <data-root>/devicemapper/mnt/<mount-id>/rootfs: the devicemapper driver (up to Docker 24)
 * - <data-root>/rootfs/devmapper/<id>: containerd's devmapper snapshotter (Docker 23 on)
 *
 * With userns-remap the data root is <data-root>/UID.GID.
 *
 * Also implements docker_walk() of engine/container.h.
 */

#include "base/why.h"
#include "oci/json.h"

#include <stdbool.h>

/* The length of the data root at the start of @root_path; 0 if it is not Docker's. */
size_t docker_data_root(const char *root_path);

/* The image given to `docker run` (.Config.Image), to be freed; NULL: not known. */
char *docker_image(const char *root_path, const char *id);

/*
 * What the container @id was given as `--storage-opt size=`, where Docker accepts it without
 * effect: on containerd's store (Docker 23 on); with the devicemapper driver the device has that
 * size. 1 and *ret to free; 0: nothing; -errno with a reason: the file exists but cannot be read.
 */
int docker_size_option(const char *root_path, const char *id, char **ret, struct why *why);

struct docker_labels {
	struct json_doc *doc;	   /* to free */
	const struct json *labels; /* inside it */
	bool in_pod;		   /* cri-dockerd made the container */
};

/*
 * The labels of the container @id. 1; 0: not a container of Docker's, or it has none; -errno with a
 * reason: its file exists but cannot be read. *ret is set only if there are labels.
 */
int docker_labels(const char *root_path, const char *id, struct docker_labels *ret,
		  struct why *why);
