/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

size_t utf8_length(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned char lead = bytes[0], low = 0x80, high = 0xbf;
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4)
		return 0;
	/* Refuse overlong forms, surrogates, and everything above U+10FFFF. */
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < len; i++) {
		if (bytes[i] < low || bytes[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

bool utf8_is_valid(const char *text)
{
	size_t len;

	for (; *text; text += len) {
		len = utf8_length(text);
		if (len == 0)
			return false;
	}
	return true;
}
