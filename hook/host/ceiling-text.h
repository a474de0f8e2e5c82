/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Prints how far a container grows by itself, as text or JSON. Pure except for the stream. */

#include "host/outlook.h"
#include "job/ceiling.h"
#include "oci/json.h"

#include <stdio.h>

struct ceiling_view {
	const struct ceiling *ceiling;
	const struct policy *policy;
	const struct outlook *outlook;
	const struct thin_pool *pool; /* NULL, or its name is NULL: not known */
	const char *held; /* why no container on this host grows by itself now, or NULL */
};

/* The lines autogrow. @verbose: also where each value is set. */
void ceiling_print(const struct ceiling_view *view, bool verbose, FILE *out);

/* Writes the member "autogrow". */
void ceiling_json(const struct ceiling_view *view, struct json_writer *w);
