/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"

#include "base/quote.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BARE_MIN_BYTES (UINT64_C(1) << 20)

static const char unit_letters[] = "KMGTP";

/* Reads the digits at *@text; -ERANGE if the number does not fit. Moves *@text past them. */
static int parse_digits(const char **text, uint64_t *ret)
{
	uint64_t n = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(**text - '0'), &n))
			return -ERANGE;
	}
	*ret = n;
	return 0;
}

/* The power of 1024 for the unit @text: 0 to 5, or -EINVAL. */
static int parse_unit(const char *text)
{
	const char *letter;

	if (!*text || strcasecmp(text, "B") == 0)
		return 0;
	letter = strchr(unit_letters, *text & ~0x20);
	if (!letter || !*letter)
		return -EINVAL;
	if (text[1] && strcasecmp(text + 1, "B") != 0 && strcasecmp(text + 1, "iB") != 0)
		return -EINVAL;
	return (int)(letter - unit_letters) + 1;
}

/* 0.@digits times @unit_bytes, rounded up. Digits after the 18th only affect the rounding. */
static uint64_t fraction_bytes(const char *digits, size_t len, uint64_t unit_bytes)
{
	unsigned __int128 numerator = 0, denominator = 1;
	bool more = false;

	for (size_t i = 0; i < len; i++) {
		if (i < 18) {
			numerator = numerator * 10 + (unsigned)(digits[i] - '0');
			denominator *= 10;
		} else if (digits[i] != '0') {
			more = true;
		}
	}
	numerator = numerator * unit_bytes + (more ? 1 : 0);
	return (uint64_t)((numerator + denominator - 1) / denominator);
}

static int malformed(struct why *why, const char *text)
{
	return why_set(why, EINVAL,
		       "%s is not a size: expected digits, then nothing or K, M, G, T or P, "
		       "as in 42G or 1.5T",
		       quote(text));
}

/* @at is in @text, which reasons quote. */
static int parse_bytes(const char *text, const char *at, uint64_t *ret_bytes, struct why *why)
{
	const char *fraction = NULL;
	size_t fraction_len = 0;
	uint64_t n, bytes, unit_bytes;
	int unit;

	if (*at < '0' || *at > '9')
		return malformed(why, text);
	if (parse_digits(&at, &n) < 0)
		return why_set(why, ERANGE, "%s is too large: the limit is 8 EiB", quote(text));
	if (*at == '.') {
		fraction = ++at;
		fraction_len = strspn(at, "0123456789");
		at += fraction_len;
		if (fraction_len == 0)
			return malformed(why, text);
	}
	unit = parse_unit(at);
	if (unit < 0)
		return malformed(why, text);
	if (unit == 0 && fraction)
		return why_set(why, EINVAL, "%s is not a size: a fraction needs a unit, as in 1.5T",
			       quote(text));
	unit_bytes = UINT64_C(1) << (10 * unit);
	if (__builtin_mul_overflow(n, unit_bytes, &bytes) ||
	    __builtin_add_overflow(bytes, fraction_bytes(fraction, fraction_len, unit_bytes),
				   &bytes) ||
	    bytes > SIZE_MAX_BYTES)
		return why_set(why, ERANGE, "%s is too large: the limit is 8 EiB", quote(text));
	*ret_bytes = bytes;
	return 0;
}

int size_parse(const char *text, uint64_t *ret_bytes, struct why *why)
{
	return parse_bytes(text, text, ret_bytes, why);
}

int size_parse_more(const char *text, bool *ret_more, uint64_t *ret_bytes, struct why *why)
{
	*ret_more = *text == '+';
	return parse_bytes(text, text + *ret_more, ret_bytes, why);
}

int size_parse_docker(const char *text, uint64_t *ret_bytes, struct why *why)
{
	size_t len = strspn(text, "+-.0123456789eE");
	const char *suffix = text + len + (text[len] == ' ');
	int unit = parse_unit(suffix);
	double number;
	char *end;

	number = strtod(text, &end);
	if (len == 0 || end != text + len || number < 0 || unit < 0)
		return malformed(why, text);
	number *= (double)(UINT64_C(1) << (10 * unit));
	if (number > (double)SIZE_MAX_BYTES)
		return why_set(why, ERANGE, "%s is too large: the limit is 8 EiB", quote(text));
	*ret_bytes = (uint64_t)number;
	return 0;
}

int size_check_bare(const char *text, uint64_t bytes, struct why *why)
{
	const char *digits = text + (*text == '+');

	if (digits[strspn(digits, "0123456789")] || bytes == 0 || bytes >= BARE_MIN_BYTES)
		return 0;
	return why_set(why, EINVAL, "%s means %s byte%s. Did you mean %sG?", text, digits,
		       bytes == 1 ? "" : "s", text);
}

static const char *const unit_names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

const char *size_like_into(struct size_text *out, uint64_t bytes, const char *typed)
{
	int unit = typed ? parse_unit(typed + strspn(typed, "+.0123456789")) : 0;

	if (unit <= 0 || bytes & ((UINT64_C(1) << (10 * unit)) - 1))
		return size_format_into(out, bytes);
	snprintf(out->text, sizeof(out->text), "%" PRIu64 " %s", bytes >> (10 * unit),
		 unit_names[unit]);
	return out->text;
}

const char *size_format_into(struct size_text *out, uint64_t bytes)
{
	unsigned __int128 hundredths = (unsigned __int128)bytes * 100;
	unsigned int unit = 0, fraction;
	bool exact;

	while (unit < 6 && bytes >> (10 * (unit + 1)))
		unit++;
	exact = (hundredths & ((UINT64_C(1) << (10 * unit)) - 1)) == 0;
	fraction = (unsigned int)((hundredths >> (10 * unit)) % 100);
	if (exact && fraction == 0)
		snprintf(out->text, sizeof(out->text), "%" PRIu64 " %s", bytes >> (10 * unit),
			 unit_names[unit]);
	else
		snprintf(out->text, sizeof(out->text), "%s%" PRIu64 ".%02u %s", exact ? "" : "~",
			 bytes >> (10 * unit), fraction, unit_names[unit]);
	return out->text;
}

static void write_with_commas(uint64_t n, char out[28])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
}

const char *size_part_into(struct size_text *out, uint64_t part_bytes, uint64_t all_bytes)
{
	int unit = all_bytes < UINT64_C(10) << 30 ? 2 : 3;
	uint64_t half = UINT64_C(1) << (10 * unit - 1);
	char part[28], all[28];

	write_with_commas((part_bytes + half) >> (10 * unit), part);
	write_with_commas((all_bytes + half) >> (10 * unit), all);
	snprintf(out->text, sizeof(out->text), "%.14s of %.14s %s", part, all, unit_names[unit]);
	return out->text;
}

const char *size_exact_into(struct size_text *out, uint64_t bytes)
{
	const char *unit = "";

	for (const char *next = unit_letters; *next && bytes && bytes % 1024 == 0; next++) {
		bytes /= 1024;
		unit = next;
	}
	snprintf(out->text, sizeof(out->text), "%" PRIu64 "%.1s", bytes, unit);
	return out->text;
}

const char *size_short_into(struct size_text *out, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	unsigned int unit = 0;
	uint64_t tenths;

	if (bytes == 0) {
		snprintf(out->text, sizeof(out->text), "-");
		return out->text;
	}
	while (unit < 6 && bytes >> (10 * (unit + 1)))
		unit++;
	tenths = (uint64_t)((((unsigned __int128)bytes * 10 << 1 >> (10 * unit)) + 1) >> 1);
	if (tenths % 10 && tenths < 100)
		snprintf(out->text, sizeof(out->text), "%" PRIu64 ".%u%c", tenths / 10,
			 (unsigned int)(tenths % 10), units[unit]);
	else
		snprintf(out->text, sizeof(out->text), "%" PRIu64 "%c", (tenths + 5) / 10,
			 units[unit]);
	return out->text;
}
