/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Prints the pools of a survey, for `list --pools`. Pure except for the stream. */

#include "host/survey.h"
#include "oci/json.h"

#include <stdio.h>

/* The fullest first. @width: the terminal's; 0: no limit. 0, -ENOMEM or -EIO. */
int pool_table_print(struct survey *survey, size_t width, bool colours, FILE *out);

/* Writes the members from "name" to "metadata_used_bytes" of an object that the caller has opened.
 */
void pool_use_json(const struct thin_pool *pool, struct json_writer *w);

/* One object with the array "pools", in the same order. 0, -ENOMEM or -EIO. */
int pool_table_json(struct survey *survey, FILE *out);
