/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Formatted text: on the heap, or in a buffer of the enclosing block. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* The text, to be freed; NULL if out of memory. */
char *text_new(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define TEXT_SIZE 640 /* longer text is truncated */

struct text {
	char s[TEXT_SIZE];
};

/* Fills @out and returns its text. */
const char *text_into(struct text *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *text_into_va(struct text *out, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
#define text(...) text_into(&(struct text){""}, __VA_ARGS__)

/* Appends to @out. */
void text_add(struct text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool text_ends_in(const char *text, const char *suffix);
