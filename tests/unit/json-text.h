/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a function writes as JSON. */

#include "oci/json.h"
#include "unit.h"

/* Ends @w; its text, to be freed. */
static inline char *json_text(struct json_writer *w)
{
	char *text;
	FILE *out = text_stream(&text);

	assert_int_equal(json_writer_end(w, out), 0);
	fclose(out);
	return text;
}
