/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows for a terminal: columns as wide as what is in them, but no wider than allowed; what is
 * longer is cut in its middle. Pure but for the stream. Text from tenants is made harmless.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
	const char *title;
	size_t max_width; /* characters */
	bool right;	  /* aligned */
};

struct table {
	const struct table_column *columns;
	size_t n_columns, n_rows;
	char **cells; /* n_rows * n_columns; the table's own */
};

/* A row of n_columns texts, which are copied; NULL is shown as "-". 0 or -ENOMEM. */
int table_add(struct table *table, const char *const texts[]);

/* With the titles, bold with @colours; nothing behind the last column. 0 or -EIO. */
int table_print(const struct table *table, bool colours, FILE *out);
void table_free(struct table *table);
