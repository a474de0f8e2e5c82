/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base/quote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_WIDTH 8 /* of a shortened column */

static char *copy_safe(const char *text)
{
	if (!text || !*text)
		return strdup("-");
	return strdup(quote_is_printable(text) ? text : quote(text));
}

int table_add(struct table *table, const struct table_cell cells[])
{
	size_t n = table->n_rows * table->n_columns;
	struct table_copy *more =
		reallocarray(table->cells, n + table->n_columns, sizeof(*table->cells));

	if (!more)
		return -ENOMEM;
	table->cells = more;
	for (size_t i = 0; i < table->n_columns; i++) {
		more[n + i] = (struct table_copy){copy_safe(cells[i].text), cells[i].style};
		if (!more[n + i].text) {
			while (i > 0)
				free(more[n + --i].text);
			return -ENOMEM;
		}
	}
	table->n_rows++;
	return 0;
}

static size_t width_of(const struct table *table, size_t column)
{
	size_t width = strlen(table->columns[column].title);

	for (size_t row = 0; row < table->n_rows; row++) {
		size_t len = strlen(table->cells[row * table->n_columns + column].text);

		if (len > width)
			width = len;
	}
	return width;
}

/* Fills @widths so that the columns, with a blank between them, fit into @width if possible. */
static void measure(const struct table *table, size_t width, size_t *widths)
{
	size_t all = table->n_columns - 1;

	for (size_t i = 0; i < table->n_columns; i++)
		all += widths[i] = width_of(table, i);
	for (size_t i = 0; width && i < table->n_columns; i++) {
		size_t *shrinks = &widths[i], excess = all > width ? all - width : 0;

		if (table->columns[i].shrinks && *shrinks > LEAST_WIDTH)
			*shrinks =
				*shrinks < LEAST_WIDTH + excess ? LEAST_WIDTH : *shrinks - excess;
	}
}

/* Shortens in the middle, "docker-8:1-42~9f3a", because both ends tell names apart. */
static void print_cell(const char *text, size_t width, bool right, bool last, FILE *out)
{
	size_t len = strlen(text), head = width / 2;

	if (len > width)
		fprintf(out, "%.*s~%s", (int)head, text, text + len - (width - head - 1));
	else if (right)
		fprintf(out, "%*s", (int)width, text);
	else
		fprintf(out, "%-*s", last ? 0 : (int)width, text);
}

static void print_titles(const struct table *table, const size_t *widths, enum style style,
			 FILE *out)
{
	fputs(style_begin(style), out);
	for (size_t i = 0; i < table->n_columns; i++) {
		bool last = i + 1 == table->n_columns;

		print_cell(table->columns[i].title, widths[i], table->columns[i].right, last, out);
		fputs(last ? style_end(style) : " ", out);
	}
	fputc('\n', out);
}

static void print_row(const struct table *table, const struct table_copy *cells,
		      const size_t *widths, bool colours, FILE *out)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		enum style style = colours ? cells[i].style : STYLE_PLAIN;
		bool last = i + 1 == table->n_columns;

		fputs(style_begin(style), out);
		print_cell(cells[i].text, widths[i], table->columns[i].right, last, out);
		fputs(style_end(style), out);
		fputc(last ? '\n' : ' ', out);
	}
}

int table_print(const struct table *table, size_t width, bool colours, FILE *out)
{
	size_t *widths = calloc(table->n_columns, sizeof(*widths));

	if (!widths)
		return -ENOMEM;
	measure(table, width, widths);
	print_titles(table, widths, colours ? STYLE_TITLE : STYLE_PLAIN, out);
	for (size_t row = 0; row < table->n_rows; row++)
		print_row(table, &table->cells[row * table->n_columns], widths, colours, out);
	free(widths);
	return fflush(out) == 0 ? 0 : -EIO;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){0};
}
