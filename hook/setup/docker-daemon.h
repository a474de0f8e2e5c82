/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a running dockerd was started with: options that no file tells. */

#include "setup/engines.h"

struct docker_daemon {
	int pid;	       /* 0: none runs */
	char *config_file;     /* of --config-file, or NULL */
	char *data_root;       /* of --data-root, or NULL */
	char *default_runtime; /* of --default-runtime, or NULL */
	char *runtime_path;    /* of --add-runtime for the runtime of our name, or NULL */
	char *conflict; /* an option that daemon.json must not have, too: dockerd would not start */
};

/* The host's: root's, and in no container; the first below the place's /proc. 0 or -ENOMEM. */
int docker_daemon_find(const struct setup_place *place, struct docker_daemon *ret);
void docker_daemon_free(struct docker_daemon *daemon);
