/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Output for people. Escape sequences are written only to a terminal, and only if its user wants
 * them: NO_COLOR (no-color.org) disables colours, TERM=dumb also cursor movement.
 */

#include <stdbool.h>
#include <stdio.h>

/*
 * Clears the environment except for those two variables, which are set to fixed values of ours. 0,
 * or -errno.
 */
int terminal_clear_environment(void);

/* Is @out a terminal that can move its cursor? */
bool terminal_moves(FILE *out);

/* The width of @out; 0: it is not a terminal. */
unsigned int terminal_columns(FILE *out);

/* May @out be coloured? */
bool terminal_has_colours(FILE *out);

struct terminal_margins {
	unsigned int left;  /* of all lines but the first */
	unsigned int right; /* 0: lines are not broken */
};

/* Prints @text, which begins at @column, and a newline. Lines are broken at blanks only. */
void terminal_wrap(FILE *out, const char *text, unsigned int column,
		   const struct terminal_margins *margins);

enum style {
	STYLE_PLAIN,
	STYLE_TITLE, /* bold */
	STYLE_GOOD,  /* green: changed, or healthy */
	STYLE_WARN,  /* yellow */
	STYLE_BAD,   /* red */
	STYLE_DIM,   /* unimportant */
};

/* For a disk or pool of which @percent is in use: STYLE_WARN from 80, STYLE_BAD from 90. */
enum style style_of_use(unsigned int percent);

/* The escape sequences around a text of @style on a terminal with colours; "" for STYLE_PLAIN. */
const char *style_begin(enum style style);
const char *style_end(enum style style);

/* Prints one text, in @style if @out has colours. */
void terminal_print(FILE *out, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
