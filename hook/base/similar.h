/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Finds the known name that a mistyped one probably means. Pure. */

#include <stddef.h>

/*
 * Is @typed @name with one or two letters wrong, missing, added or swapped (one only in a name of
 * four letters or fewer)? 0: they are the same; SIMILAR_NOT: no; else how many.
 */
unsigned int similar_distance(const char *typed, size_t len, const char *name);
#define SIMILAR_NOT 3U

/* The name that was probably meant, of those that were tried; NULL: none is similar. */
struct similar {
	const char *name;
	unsigned int distance;
};

void similar_try(struct similar *nearest, const char *typed, size_t len, const char *name);
