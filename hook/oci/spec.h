/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The bundle's config.json (runtime-spec config.md): the rootfs and the annotations. */

#include "base/why.h"
#include "oci/json.h"

#define SPEC_MAX_BYTES (16UL * 1024 * 1024)

struct oci_spec {
	struct json_doc *doc;
	const char *root_path;		/* relative to the bundle, or absolute; NULL: missing */
	const struct json *annotations; /* or NULL */
};

/* @path: the file; a relative path starts at the working directory. 0, or -errno with a reason. */
int oci_spec_read(const char *path, struct oci_spec *ret, struct why *why);
/* The same for the text itself. */
int oci_spec_parse(const char *text, size_t len, struct oci_spec *ret, struct why *why);
void oci_spec_free(struct oci_spec *spec);
