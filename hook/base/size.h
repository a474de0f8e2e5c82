/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SIZE, as users write it: decimal digits, optionally a fraction for units above bytes ("1.5T"),
 * then nothing, "B", or one of K M G T P with an optional "iB" or "B", in any case. All units are
 * powers of 1024, as in Docker's --storage-opt size=. The whole string must match.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

#define SIZE_MAX_BYTES (UINT64_C(1) << 63) /* 8 EiB */

/*
 * 0 and the bytes (a fraction of a byte is rounded up, up to 18 decimals are exact); -EINVAL or
 * -ERANGE with a reason.
 */
int size_parse(const char *text, uint64_t *ret_bytes, struct why *why);

/* The same, optionally with "+" before it. */
int size_parse_more(const char *text, bool *ret_more, uint64_t *ret_bytes, struct why *why);

/*
 * Refuses digits without a unit for less than 1 MiB: the unit was probably forgotten. 0, or -EINVAL
 * with a suggestion.
 */
int size_check_bare(const char *text, uint64_t bytes, struct why *why);

/*
 * The same for what Docker's own parser reads (go-units, RAMInBytes): also one blank before the
 * unit, "4.G", ".5G", "+4G", "4e3M"; rounded as a double is, and down to a byte.
 */
int size_parse_docker(const char *text, uint64_t *ret_bytes, struct why *why);

/* For people: "4 GiB", "1.5 GiB", "512 B"; at most two decimals, with ~ if that is not exact. */
struct size_text {
	char text[48];
};
const char *size_format_into(struct size_text *out, uint64_t bytes);
#define size_format(bytes) size_format_into(&(struct size_text){""}, (bytes))

/* The same in the unit of @typed ("1500G", or NULL) where that is exact: "1500 GiB". */
const char *size_like_into(struct size_text *out, uint64_t bytes, const char *typed);
#define size_like(bytes, typed) size_like_into(&(struct size_text){""}, (bytes), (typed))

/* "64 of 1,024 GiB", rounded, in GiB; in MiB if @all_bytes is less than 10 GiB. */
const char *size_part_into(struct size_text *out, uint64_t part_bytes, uint64_t all_bytes);
#define size_part(part, all) size_part_into(&(struct size_text){""}, (part), (all))

/* A text that size_parse() reads as exactly this size: "4G", "1536M", "4097". */
const char *size_exact_into(struct size_text *out, uint64_t bytes);
#define size_exact(bytes) size_exact_into(&(struct size_text){""}, (bytes))

/* For tables: at most five columns, "1023M", "4.0G", "1.5T"; rounded, "-" for 0. */
const char *size_short_into(struct size_text *out, uint64_t bytes);
#define size_short(bytes) size_short_into(&(struct size_text){""}, (bytes))
