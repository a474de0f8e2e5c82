/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Prints an outlook as text or JSON. Pure except for the stream. */

#include "host/outlook.h"
#include "oci/json.h"

#include <stdio.h>

/* printf() format for the first word of a line. */
#define OUTLOOK_LINE   "%-11s "
#define OUTLOOK_INDENT 12 /* where the text begins */

/* The lines size, grown, engine. */
void outlook_print_size(const struct outlook *outlook, FILE *out);

/* The lines next start, healing. @then: printed after the size at the next start; may be "". */
void outlook_print_next(const struct outlook *outlook, const char *then, FILE *out);

/* Writes members of an object that the caller has opened. */
void outlook_json(const struct outlook *outlook, struct json_writer *w);
