/* SPDX-License-Identifier: Apache-2.0 */
#include "base/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int why_set(struct why *why, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(why->text, sizeof(why->text), format, ap) < 0)
		why->text[0] = '\0';
	va_end(ap);
	return -err;
}

int why_no_memory(struct why *why)
{
	return why_set(why, ENOMEM, "out of memory");
}

int why_prefix(struct why *why, int r, const char *prefix)
{
	struct why inner = *why;

	why_set(why, 0, "%s: %s", prefix, inner.text);
	return r;
}
