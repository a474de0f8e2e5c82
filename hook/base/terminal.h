/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Output for people. Escape sequences go to a terminal only, and not to one whose user wants none:
 * NO_COLOR (no-color.org) takes the colours away, TERM=dumb the cursor's movements as well.
 */

#include <stdbool.h>
#include <stdio.h>

/*
 * Forgets the environment, but for what the two variables above say: what they hold afterwards are
 * words of ours. 0, or -errno.
 */
int terminal_keep_only_wishes(void);

/* Is @out a terminal that can move its cursor? */
bool terminal_moves(FILE *out);

/* How wide @out is; 0: it is no terminal. */
unsigned int terminal_columns(FILE *out);

/* May @out be coloured? */
bool terminal_has_colours(FILE *out);

enum style {
	STYLE_PLAIN,
	STYLE_TITLE, /* bold */
	STYLE_GOOD,  /* green: was changed, is well */
	STYLE_WARN,  /* yellow */
	STYLE_BAD,   /* red */
	STYLE_DIM,   /* of no concern */
};

/* What begins and ends a text of @style on a terminal with colours; each is "" for STYLE_PLAIN. */
const char *style_begin(enum style style);
const char *style_end(enum style style);

/* One piece of text, in @style where @out has colours. */
void terminal_print(FILE *out, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
