/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Formatted text: on the heap, or in place for as long as the enclosing block lives. */

#include <stdarg.h>
#include <stddef.h>

/* The text, for free(); NULL if there is no memory. */
char *text_new(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define TEXT_SIZE 640 /* a longer text is cut */

struct text {
	char s[TEXT_SIZE];
};

/* Fills @out, and returns its text. */
const char *text_into(struct text *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *text_list(struct text *out, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
#define text(...) text_into(&(struct text){""}, __VA_ARGS__)

/* Appends to what @out has. */
void text_add(struct text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
