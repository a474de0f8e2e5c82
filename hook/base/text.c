/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

char *text_new(const char *format, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	return n < 0 ? NULL : text;
}

__attribute__((format(printf, 3, 0))) static void print_at(struct text *out, size_t at,
							   const char *format, va_list ap)
{
	if (vsnprintf(out->s + at, sizeof(out->s) - at, format, ap) < 0)
		out->s[at] = '\0';
}

const char *text_into_va(struct text *out, const char *format, va_list ap)
{
	print_at(out, 0, format, ap);
	return out->s;
}

const char *text_into(struct text *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	text_into_va(out, format, ap);
	va_end(ap);
	return out->s;
}

void text_add(struct text *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_at(out, strlen(out->s), format, ap);
	va_end(ap);
}

bool text_ends_in(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}
