/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ratios without floating point. */

#include <stdint.h>

struct ratio_text {
	char text[32];
};

/* 1500 thousandths are "1.5". */
const char *thousandths_into(struct ratio_text *out, uint64_t n);
#define thousandths_format(n) thousandths_into(&(struct ratio_text){""}, (n))

/*
 * Digits, and up to @decimals after a point, in units of the last decimal: "1.5" with 3 decimals is
 * 1500. No sign, no exponent. 0; -EINVAL; -ERANGE: more than @max.
 */
int decimal_parse(const char *text, unsigned int decimals, uint64_t max, uint64_t *ret);

/* @part of @whole in tenths of a percent, rounded down. 1000 if both are 0. */
uint64_t permille(uint64_t part, uint64_t whole);

/* @part of @whole in percent, rounded up. 0 if both are 0. */
unsigned int percent_up(uint64_t part, uint64_t whole);

/* 972 is "97.2 %". */
const char *permille_into(struct ratio_text *out, uint64_t n);
#define permille_format(n) permille_into(&(struct ratio_text){""}, (n))
