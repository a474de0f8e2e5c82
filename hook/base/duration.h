/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A span of time, as users write it: digits, then ms, s, m or h ("500ms", "10s", "2h"). */

#include <stdint.h>

/* 0 and the milliseconds, or -EINVAL. */
int duration_parse(const char *text, uint64_t *ret_ms);

/* A text that duration_parse() reads as exactly this, in the largest unit: "10m", "90s". */
struct duration_text {
	char text[32];
};
const char *duration_format_into(struct duration_text *out, uint64_t ms);
#define duration_format(ms) duration_format_into(&(struct duration_text){""}, (ms))
