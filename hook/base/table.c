/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base/quote.h"
#include "base/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is not plain is quoted, so that no terminal obeys it. */
static char *harmless(const char *text)
{
	if (!text || !*text)
		return strdup("-");
	return strdup(quote_is_printable(text) ? text : quote(text));
}

int table_add(struct table *table, const char *const texts[])
{
	size_t n = table->n_rows * table->n_columns;
	char **cells = reallocarray(table->cells, n + table->n_columns, sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	table->cells = cells;
	for (size_t i = 0; i < table->n_columns; i++) {
		cells[n + i] = harmless(texts[i]);
		if (!cells[n + i]) {
			while (i > 0)
				free(cells[n + --i]);
			return -ENOMEM;
		}
	}
	table->n_rows++;
	return 0;
}

static size_t width_of(const struct table *table, size_t column)
{
	const struct table_column *of = &table->columns[column];
	size_t width = strlen(of->title);

	for (size_t row = 0; row < table->n_rows; row++) {
		size_t len = strlen(table->cells[row * table->n_columns + column]);

		if (len > width)
			width = len;
	}
	return width > of->max_width ? of->max_width : width;
}

/* The beginning and the end tell more than the middle: docker-8:1-42~9f3a. */
static void print_cell(const char *text, size_t width, bool right, bool last, FILE *out)
{
	size_t len = strlen(text), head = width / 2;

	if (len > width)
		fprintf(out, "%.*s~%s", (int)head, text, text + len - (width - head - 1));
	else if (right)
		fprintf(out, "%*s", (int)width, text);
	else
		fprintf(out, "%-*s", last ? 0 : (int)width, text);
	if (!last)
		fputc(' ', out);
}

int table_print(const struct table *table, bool colours, FILE *out)
{
	enum style titles = colours ? STYLE_TITLE : STYLE_PLAIN;

	for (size_t row = 0; row <= table->n_rows; row++) {
		if (row == 0)
			fputs(style_begin(titles), out);
		for (size_t i = 0; i < table->n_columns; i++) {
			const struct table_column *column = &table->columns[i];

			print_cell(row ? table->cells[(row - 1) * table->n_columns + i]
				       : column->title,
				   width_of(table, i), column->right, i + 1 == table->n_columns,
				   out);
		}
		fputs(row == 0 ? style_end(titles) : "", out);
		fputc('\n', out);
	}
	return fflush(out) == 0 ? 0 : -EIO;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){0};
}
