/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the character that @text begins with; 0: it begins with none. */
size_t utf8_length(const char *text);

/* Is all of @text UTF-8? */
bool utf8_is_valid(const char *text);
