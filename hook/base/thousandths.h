/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ratios without floating point: 1500 is "1.5". */

#include <stdint.h>

struct thousandths {
	char text[32];
};
const char *thousandths_into(struct thousandths *out, uint64_t n);
#define thousandths_format(n) thousandths_into(&(struct thousandths){""}, (n))
