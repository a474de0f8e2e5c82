/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What dockerd is started with: options that no file of its own has. */

#include "setup/engines.h"

struct docker_daemon {
	int pid;	       /* 0: none runs */
	char *config_file;     /* of --config-file, or NULL */
	char *data_root;       /* of --data-root, or NULL */
	char *default_runtime; /* of --default-runtime, or NULL */
	char *runtime_path;    /* of --add-runtime for the runtime of our name, or NULL */
	bool adds_runtimes;    /* there is an --add-runtime */
	char *where;	       /* what has the last of these two; NULL: they are not there */
	char *arguments; /* of the process: its command line, each word with a NUL behind it */
	size_t arguments_len;
};

/* The host's: root's, and in no container; the first below the place's /proc. 0 or -ENOMEM. */
int docker_daemon_find(const struct setup_place *place, struct docker_daemon *ret);
void docker_daemon_free(struct docker_daemon *daemon);

/* Adds what the words at @args say, each with a NUL behind it. 0 or -ENOMEM. */
int docker_daemon_read(const char *args, size_t len, const char *where,
		       struct docker_daemon *daemon);
