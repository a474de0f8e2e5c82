/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ratio.h"

#include <inttypes.h>
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

uint64_t permille(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)part * 1000 / whole) : 1000;
}

const char *permille_into(struct ratio_text *out, uint64_t n)
{
	snprintf(out->text, sizeof(out->text), "%" PRIu64 ".%" PRIu64 " %%", n / 10, n % 10);
	return out->text;
}
