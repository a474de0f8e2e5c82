/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Prints the pools of a survey, for `list --pools`. Pure except for the stream. */

#include "host/survey.h"
#include "oci/json.h"

#include <stdio.h>

/* The fullest first. @width: the terminal's; 0: no limit. 0, -ENOMEM or -EIO. */
int pool_table_print(struct survey *survey, size_t width, bool colours, FILE *out);

/* One object with the array "pools", in the same order. 0, -ENOMEM or -EIO. */
int pool_table_json(struct survey *survey, FILE *out);
