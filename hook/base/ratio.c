/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ratio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

const char *thousandths_into(struct ratio_text *out, uint64_t n)
{
	int len = snprintf(out->text, sizeof(out->text), "%" PRIu64 ".%03u", n / 1000,
			   (unsigned int)(n % 1000));

	while (len > 0 && out->text[len - 1] == '0')
		out->text[--len] = '\0';
	if (len > 0 && out->text[len - 1] == '.')
		out->text[--len] = '\0';
	return out->text;
}

int decimal_parse(const char *text, unsigned int decimals, uint64_t max, uint64_t *ret)
{
	bool point = false;
	uint64_t n = 0;

	for (; *text; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9' || (point && decimals-- == 0))
			return -EINVAL;
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > max)
			return -ERANGE;
	}
	for (; decimals > 0; decimals--)
		n *= 10;
	if (n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

uint64_t permille(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)part * 1000 / whole) : 1000;
}

unsigned int percent_up(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned int)(((unsigned __int128)part * 100 + whole - 1) / whole) : 0;
}

const char *permille_into(struct ratio_text *out, uint64_t n)
{
	snprintf(out->text, sizeof(out->text), "%" PRIu64 ".%" PRIu64 " %%", n / 10, n % 10);
	return out->text;
}
