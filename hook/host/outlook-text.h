/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An outlook in words, line by line, and as JSON. Pure but for the stream. */

#include "host/outlook.h"
#include "oci/json.h"

#include <stdio.h>

/* A line's first word, and what is printed behind it with printf(). */
#define OUTLOOK_LINE "%-11s "

/* size, grown, engine. */
void outlook_print_size(const struct outlook *outlook, FILE *out);

/* next start, healing. @then: what follows the size at the next start, or "". */
void outlook_print_next(const struct outlook *outlook, const char *then, FILE *out);

/* Members of an object that the caller has opened. */
void outlook_json(const struct outlook *outlook, struct json_writer *w);
