/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Prints a table whose columns are as wide as their contents. If that is wider than a given width,
 * the texts of one column are shortened in their middle. Pure except for the stream. Cells with
 * text that is not safe on a terminal are quoted.
 */

#include "base/terminal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
	const char *title;
	bool right;   /* right-aligned */
	bool shrinks; /* shortened if there is no room; at most one column */
};

struct table_cell {
	const char *text; /* NULL is shown as "-" */
	enum style style; /* used only with @colours */
};

struct table {
	const struct table_column *columns;
	size_t n_columns, n_rows;
	struct table_copy {
		char *text;
		enum style style;
	} * cells; /* n_rows * n_columns */
};

/* Adds a row of n_columns cells, which are copied. 0 or -ENOMEM. */
int table_add(struct table *table, const struct table_cell cells[]);

/*
 * Prints titles and rows without trailing blanks. @width: the terminal's; 0: no limit. 0, -ENOMEM
 * or -EIO.
 */
int table_print(const struct table *table, size_t width, bool colours, FILE *out);
void table_free(struct table *table);
