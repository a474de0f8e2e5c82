/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Prints containers on thin devices, for `list`. Pure except for the stream. */

#include "host/outlook.h"
#include "job/ceiling.h"
#include "oci/json.h"

#include <stdio.h>

struct container_row {
	struct outlook outlook;
	struct ceiling ceiling; /* needed for @wide and JSON */
	struct thin_pool pool;	/* needed for JSON; name is NULL: not known */
};

typedef int container_order(const void *a, const void *b);

/*
 * How to qsort() rows: "use" (the fullest first), "name" (as in struct engine_list) or "size" (the
 * largest first); NULL: by use. Returns NULL if there is no such order.
 */
container_order *container_order_named(const char *name);

/* @wide: all columns. @width: the terminal's; 0: no limit. 0, -ENOMEM or -EIO. */
int container_table_print(const struct container_row *rows, size_t n, bool wide, size_t width,
			  bool colours, FILE *out);

/* Writes one object, an element of an array that the caller has opened. @held: see ceiling_view. */
void container_row_json(const struct container_row *row, const struct policy *policy,
			const char *held, struct json_writer *w);
