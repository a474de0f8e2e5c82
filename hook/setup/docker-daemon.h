/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* dockerd's command line. */

#include "setup/change.h"

struct docker_daemon {
	int pid;	       /* 0: none runs */
	char *config_file;     /* of --config-file, or NULL */
	char *data_root;       /* of --data-root, or NULL */
	char *default_runtime; /* of --default-runtime, or NULL */
	char *runtime_path;    /* of --add-runtime for the runtime with our name, or NULL */
	bool adds_runtimes;    /* there is an --add-runtime */
	char *where;	       /* where the last of these two options is; NULL: neither is given */
	char *arguments;       /* of the process, from its name on, each NUL-terminated */
	size_t arguments_len;
};

/* The first dockerd below the place's /proc that is root's and in no container. 0 or -ENOMEM. */
int docker_daemon_find(const struct setup_place *place, struct docker_daemon *ret);
void docker_daemon_free(struct docker_daemon *daemon);

/* Adds the options among the words at @args, each NUL-terminated; they are @where. 0 or -ENOMEM. */
int docker_daemon_read(const char *args, size_t len, const char *where,
		       struct docker_daemon *daemon);
