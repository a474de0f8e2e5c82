/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Makes untrusted text safe to print: control characters, quotes, backslashes and everything that
 * is not ASCII become escapes (\n, \", \\, \xHH), so that nobody can forge a log line or send
 * escape sequences to a terminal.
 */
#define QUOTE_MAX_BYTES 128 /* of the original; the rest becomes "..." */

struct quoted {
	char text[4 * QUOTE_MAX_BYTES + sizeof("\"...\"")];
};

/*
 * `"text"`, always with quotes; keeps errno. The result of the macros lives as long as the
 * enclosing block.
 */
const char *quote_into(struct quoted *q, const char *text, size_t len);
#define quote_n(text, len) quote_into(&(struct quoted){""}, (text), (len))
#define quote(text)	   quote_n((text), __builtin_strlen(text))

/* Writes all of @text in quotes, without a length limit. */
void quote_write(FILE *out, const char *text);

/* Is @text safe as a logfmt value without quotes (and not empty)? */
bool quote_is_plain(const char *text);

/* Is all of @text printable ASCII, so that it cannot control a terminal? */
bool quote_is_printable(const char *text);

/* For labels: @text as it is if that is safe on a terminal. */
#define quote_unless_printable(text) (quote_is_printable(text) ? (text) : quote(text))

/*
 * @text as one word for sh, to be freed: as it is if that is safe, or in single quotes. NULL if out
 * of memory, or if @text is not printable ASCII and so not safe on a terminal.
 */
char *quote_word(const char *text);
