/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The bytes of a TOML text, one after the other, and its strings: for toml.c only. */

#include "setup/toml.h"

#include <stdbool.h>

struct toml_parser {
	const char *text;
	size_t len, at;
	struct toml toml;
	size_t room;
	unsigned int depth;
	struct why *why;
};

/* -EINVAL with @what and the line in the reason. */
int toml_complain(const struct toml_parser *p, const char *what);
int toml_no_memory(const struct toml_parser *p);

/* The next byte, or NUL at the end (which is in no TOML). */
char toml_peek(const struct toml_parser *p);

/* Goes over @token, if that is what comes. */
bool toml_take(struct toml_parser *p, const char *token);

/* Of any of the four kinds of string; *ret is to be freed. */
int toml_parse_string(struct toml_parser *p, char **ret);
