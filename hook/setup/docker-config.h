/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keys of Docker's daemon.json that concern us: dockerd(8), 20.10 to 28. */

#include "oci/json.h"
#include "setup/change.h"

#define DOCKER_RUNTIME "{ \"path\": \"" RUNTIME_PATH "\" }"

struct docker_config {
	struct json_doc *doc;	     /* owns what the others point to */
	const struct json *runtimes; /* or NULL */
	bool has_runtime;	     /* one with our name is among these... */
	const char *runtime_path;    /* ...with this program, or NULL */
	const char *default_runtime; /* or NULL */
	const char *data_root;
};

/* Blanks alone are an empty object. -EINVAL: dockerd would refuse it, or we cannot parse it. */
int docker_parse(const char *text, size_t len, struct docker_config *ret, struct why *why);
void docker_config_free(struct docker_config *config);

/*
 * The program of an entry of "runtimes"; *ret is unchanged for a shim that has none. 0 or -EINVAL
 * with a reason.
 */
int docker_runtime_program(const struct json *runtime, const char **ret, struct why *why);

bool docker_is_blank(const char *text, size_t len);

/* Is our runtime the default? */
bool docker_is_default(const struct docker_config *config);

/* daemon.json's name (setup/place.h), to be freed. */
char *docker_file_name(const struct setup_place *place);
