/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include "base/count.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 9 /* of hours: they fit in milliseconds */

static const struct {
	const char *unit;
	uint64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

int duration_parse(const char *text, uint64_t *ret_ms)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > MAX_DIGITS)
		return -EINVAL;
	for (size_t i = 0; i < COUNT(units); i++) {
		if (strcmp(text + digits, units[i].unit) == 0) {
			*ret_ms = strtoull(text, NULL, 10) * units[i].ms;
			return 0;
		}
	}
	return -EINVAL;
}

const char *duration_format_into(struct duration_text *out, uint64_t ms)
{
	size_t i = 0;

	while (i + 1 < COUNT(units) && (ms < units[i].ms || ms % units[i].ms))
		i++;
	snprintf(out->text, sizeof(out->text), "%" PRIu64 "%s", ms / units[i].ms, units[i].unit);
	return out->text;
}
