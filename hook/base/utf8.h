/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* UTF-8 as defined in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */

#include <stdbool.h>
#include <stddef.h>

/* The length of the character at the start of @text; 0: not a valid character. */
size_t utf8_length(const char *text);

/* Is all of @text valid UTF-8? */
bool utf8_is_valid(const char *text);
