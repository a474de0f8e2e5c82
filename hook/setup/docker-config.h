/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Docker's daemon.json, as far as it is ours. dockerd(8); keys as dockerd 20.10 to 28 take them.
 */

#include "oci/json.h"
#include "setup/engines.h"

#define DOCKER_RUNTIME "{ \"path\": \"" RUNTIME_PATH "\" }"

struct docker_config {
	struct json_doc *doc;	     /* owns what the others point to */
	const struct json *runtimes; /* or NULL */
	bool has_runtime;	     /* one of our name is among these... */
	const char *runtime_path;    /* ...with this program, or NULL */
	const char *default_runtime; /* or NULL */
	const char *data_root;
};

/* A text of blanks only is an empty object. -EINVAL: dockerd would not take it, or we cannot. */
int docker_parse(const char *text, size_t len, struct docker_config *ret, struct why *why);
void docker_config_free(struct docker_config *config);

/* The program of an entry of "runtimes"; a shim of its own has none: *ret stays. */
int docker_runtime_program(const struct json *runtime, const char **ret, struct why *why);

bool docker_is_blank(const char *text, size_t len);

/* Is our runtime the default? */
bool docker_is_default(const struct docker_config *config);

/* daemon.json's name (setup/place.h), to be freed. */
char *docker_file_name(const struct setup_place *place);
