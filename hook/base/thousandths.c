/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thousandths.h"

#include <inttypes.h>
#include <stdio.h>

const char *thousandths_into(struct thousandths *out, uint64_t n)
{
	int len = snprintf(out->text, sizeof(out->text), "%" PRIu64 ".%03u", n / 1000,
			   (unsigned int)(n % 1000));

	while (len > 0 && out->text[len - 1] == '0')
		out->text[--len] = '\0';
	if (len > 0 && out->text[len - 1] == '.')
		out->text[--len] = '\0';
	return out->text;
}
