/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"

#include "unit.h"

static struct why why;

static uint64_t parse(const char *text)
{
	uint64_t bytes = 0;
	int r = size_parse(text, &bytes, &why);

	if (r < 0)
		print_error("%s: %s\n", text, why.text);
	assert_int_equal(r, 0);
	return bytes;
}

static void refuse(const char *text, int err, const char *reason)
{
	uint64_t bytes = 42;
	int r;

	why.text[0] = '\0';
	r = size_parse(text, &bytes, &why);
	if (r != -err)
		print_error("\"%s\" gives %d\n", text, r);
	assert_int_equal(r, -err);
	assert_int_equal(bytes, 42);
	assert_contains(why.text, reason);
}

static void reads_every_unit_in_every_form(void **state)
{
	static const char units[] = "KMGTP";
	static const char *const suffixes[] = {"", "B", "b", "iB", "IB", "ib", "Ib"};
	char text[16];

	(void)state;
	for (unsigned int u = 0; u < 5; u++) {
		for (size_t s = 0; s < COUNT_OF(suffixes); s++) {
			uint64_t want = UINT64_C(3) << (10 * (u + 1));

			snprintf(text, sizeof(text), "3%c%s", units[u], suffixes[s]);
			assert_true(parse(text) == want);
			text[1] |= 0x20;
			assert_true(parse(text) == want);
		}
	}
}

static void reads_plain_bytes(void **state)
{
	(void)state;
	assert_true(parse("0") == 0);
	assert_true(parse("1") == 1);
	assert_true(parse("512B") == 512);
	assert_true(parse("512b") == 512);
	assert_true(parse("0042G") == 42 * GIB);
	assert_true(parse("0K") == 0);
}

static void reads_fractions(void **state)
{
	(void)state;
	assert_true(parse("1.5T") == 3 * TIB / 2);
	assert_true(parse("0.5K") == 512);
	assert_true(parse("1.0M") == MIB);
	assert_true(parse("0.25GiB") == GIB / 4);
	assert_true(parse("1.50000000000000000000G") == 3 * GIB / 2);
	/* a part of a byte is a byte */
	assert_true(parse("0.001K") == 2);
	assert_true(parse("0.0000000000000000000000001K") == 1);
	assert_true(parse("1.0000000000000000000000001K") == 1025);
	assert_true(parse("0.999999999999999999P") == UINT64_C(1) << 50);
}

static void knows_the_limit(void **state)
{
	static const char limit[] = "the limit is 8 EiB";

	(void)state;
	assert_true(parse("8192P") == SIZE_MAX_BYTES);
	assert_true(parse("8192.0P") == SIZE_MAX_BYTES);
	assert_true(parse("9223372036854775808") == SIZE_MAX_BYTES);
	assert_true(parse("8191.999P") < SIZE_MAX_BYTES);
	refuse("9223372036854775809", ERANGE, limit);
	refuse("8192.0000000000000000000000001P", ERANGE, limit);
	refuse("8193P", ERANGE, limit);
	refuse("8388609T", ERANGE, limit);
	refuse("18446744073709551615", ERANGE, limit);
	refuse("18446744073709551616", ERANGE, limit);
	refuse("18446744073709551616K", ERANGE, limit);
	refuse("16384P", ERANGE, limit);      /* 2^64 */
	refuse("16385P", ERANGE, limit);      /* 2^64 and 1 PiB, which wraps around */
	refuse("16383.9999P", ERANGE, limit); /* wraps around with its fraction */
	refuse("99999999999999999999999999999999G", ERANGE, limit);
}

static void refuses_invalid_sizes(void **state)
{
	static const char *const texts[] = {
		"",	     " ",
		"G",	     "GB",
		"-1G",	     "+1G",
		"+10G",	     " 1G",
		"1G ",	     "1 G",
		"1G\n",	     "\n1G",
		"0x10",	     "0x1G",
		"1e3",	     "1,5G",
		".5G",	     "1.G",
		"1..5G",     "1.5.5G",
		"1E",	     "1Z",
		"1GG",	     "1GBB",
		"1Gi",	     "1GiBs",
		"1iB",	     "1BB",
		"1KM",	     "1G1",
		"1.",	     "1.-5G",
		"1.+5G",     "1. 5G",
		"1_000",     "1'000",
		"\xd9\xa1G", "1\xe2\x80\x89G",
		"inf",	     "nan",
		"1G;rm",     "1\x0b",
		"1\xeb",     "1+",
		"K1",	     "1kIbi",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		refuse(texts[i], EINVAL, "is not a size");
}

static void refuses_a_fraction_of_bytes(void **state)
{
	(void)state;
	refuse("1.5", EINVAL, "a fraction needs a unit");
	refuse("1.5B", EINVAL, "a fraction needs a unit");
	refuse("1.0", EINVAL, "a fraction needs a unit");
}

static int parse_docker(const char *text, uint64_t *ret)
{
	*ret = 42;
	why.text[0] = '\0';
	return size_parse_docker(text, ret, &why);
}

/* Tried with go-units 0.5.0. */
static void reads_what_docker_reads(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{"4G", 4 * GIB},
		{"4 G", 4 * GIB},
		{"4 GB", 4 * GIB},
		{"4 gib", 4 * GIB},
		{"1.5 T", 3 * TIB / 2},
		{".5G", GIB / 2},
		{"4.G", 4 * GIB},
		{"+4G", 4 * GIB},
		{"4e3M", 4000 * MIB},
		{"42949672960", 40 * GIB},
		{"4096 ", 4096},
		{"4096 b", 4096},
		{"1.5", 1},
		{"0", 0},
		{"0.1K", 102},
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		assert_int_equal(parse_docker(sizes[i].text, &bytes), 0);
		assert_true(bytes == sizes[i].bytes);
	}
}

static void refuses_what_docker_refuses(void **state)
{
	static const char *const texts[] = {
		"",    "G",   " 4G",  "4  G", "4G ", "4X",     "4E",   "4 G B", "4\tG", "-4G",
		"4iB", "4Gi", "4GBs", "inf",  "nan", "0x1p2G", "1_0G", "4,5G",	"4 4G", ".",
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(parse_docker(texts[i], &bytes), -EINVAL);
		assert_true(bytes == 42);
		assert_contains(why.text, "is not a size");
	}
	assert_int_equal(parse_docker("8193P", &bytes), -ERANGE);
	assert_int_equal(parse_docker("1e400G", &bytes), -ERANGE);
}

static void a_plus_means_an_addition(void **state)
{
	uint64_t bytes;
	bool more;

	(void)state;
	assert_int_equal(size_parse_more("+1K", &more, &bytes, &why), 0);
	assert_true(more && bytes == 1024);
	assert_int_equal(size_parse_more("1K", &more, &bytes, &why), 0);
	assert_false(more);
	assert_int_equal(size_parse_more("+G", &more, &bytes, &why), -EINVAL);
	assert_contains(why.text, "\"+G\" is not a size");
}

/* A tenant's text is quoted wherever it is shown. */
static void quotes_what_it_refuses(void **state)
{
	(void)state;
	refuse("1G\n\x1b[2Jroot", EINVAL, "\"1G\\n\\x1b[2Jroot\" is not a size");
	assert_lacks(why.text, "\n");
	assert_lacks(why.text, "\x1b");
}

/* Not random enough for anything but this; the same in every run. */
static uint64_t next_random(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* ceil((@whole + @fraction / 10^@digits) * 1024^@unit) */
static unsigned __int128 expected(uint64_t whole, uint64_t fraction, unsigned int digits,
				  unsigned int unit)
{
	unsigned __int128 scale = 1, bytes;

	for (unsigned int i = 0; i < digits; i++)
		scale *= 10;
	bytes = (unsigned __int128)whole << (10 * unit);
	return bytes + (((unsigned __int128)fraction << (10 * unit)) + scale - 1) / scale;
}

static void agrees_with_arithmetic(void **state)
{
	static const char *const units[] = {"", "K", "MB", "GiB", "t", "Pb"};
	unsigned int accepted = 0, refused = 0;

	(void)state;
	for (unsigned int i = 0; i < 200000; i++) {
		uint64_t whole = next_random() >> (next_random() % 64), fraction = 0, bytes = 42;
		unsigned int unit = (unsigned int)(next_random() % 6), digits = 0;
		char text[64];
		int r;

		if (unit && next_random() % 2) {
			digits = 1 + (unsigned int)(next_random() % 12);
			for (unsigned int d = 0; d < digits; d++)
				fraction = fraction * 10 + next_random() % 10;
			snprintf(text, sizeof(text), "%ju.%0*ju%s", (uintmax_t)whole, (int)digits,
				 (uintmax_t)fraction, units[unit]);
		} else {
			snprintf(text, sizeof(text), "%ju%s", (uintmax_t)whole, units[unit]);
		}
		r = size_parse(text, &bytes, &why);
		if (expected(whole, fraction, digits, unit) > SIZE_MAX_BYTES) {
			assert_int_equal(r, -ERANGE);
			refused++;
		} else {
			assert_int_equal(r, 0);
			assert_true(bytes == expected(whole, fraction, digits, unit));
			accepted++;
		}
	}
	assert_true(accepted > 10000 && refused > 10000);
}

static void formats_for_people(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{0, "0 B"},
		{512, "512 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1536, "1.50 KiB"},
		{1025, "~1.00 KiB"},
		{GIB - 1, "~1023.99 MiB"},
		{4 * GIB, "4 GiB"},
		{3 * GIB / 2, "1.50 GiB"},
		{4 * GIB + 1, "~4.00 GiB"},
		{TIB + TIB / 3, "~1.33 TiB"},
		{SIZE_MAX_BYTES, "8 EiB"},
		{UINT64_MAX, "~15.99 EiB"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		assert_string_equal(size_format(sizes[i].bytes), sizes[i].text);
}

static void formats_short_for_tables(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "-"},
		{1, "1B"},
		{1023, "1023B"},
		{KIB, "1K"},
		{1536, "1.5K"},
		{GIB, "1G"},
		{GIB + 1, "1G"},
		{4 * GIB - 1, "4G"},
		{GIB * 11 / 2, "5.5G"},
		{GIB * 21 / 2, "11G"},
		{1023 * GIB, "1023G"},
		{TIB, "1T"},
		{UINT64_MAX, "16E"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(size_short(cases[i].bytes), cases[i].text);
}

static void formats_how_far_something_is(void **state)
{
	(void)state;
	assert_string_equal(size_part(64 * GIB, TIB), "64 of 1,024 GiB");
	assert_string_equal(size_part(0, 10 * GIB), "0 of 10 GiB");
	assert_string_equal(size_part(1025 * MIB, 4 * GIB), "1,025 of 4,096 MiB");
	assert_string_equal(size_part(TIB - 100 * MIB, TIB), "1,024 of 1,024 GiB");
	assert_string_equal(size_part(UINT64_C(1) << 63, UINT64_C(1) << 63),
			    "8,589,934,592 of 8,589,934,592 GiB");
}

static void an_exact_size_reads_back_as_the_same(void **state)
{
	static const uint64_t sizes[] = {
		1, 1023, KIB, 4097, 1536 * MIB, GIB, 3 * TIB / 2, 1024 * TIB, UINT64_C(1) << 63};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		assert_true(parse(size_exact(sizes[i])) == sizes[i]);
	assert_string_equal(size_exact(1536 * MIB), "1536M");
	assert_string_equal(size_exact(4 * GIB), "4G");
	assert_string_equal(size_exact(4097), "4097");
}

static void refuses_a_bare_number_below_1_mib(void **state)
{
	static const char *const meant[] = {"60G", "60K", "60B", "+1G", "1048576", "0", "1.5M"};

	(void)state;
	assert_int_equal(size_check_bare("+60", 60, &why), -EINVAL);
	assert_string_equal(why.text, "+60 means 60 bytes. Did you mean +60G?");
	assert_int_equal(size_check_bare("1048575", 1048575, &why), -EINVAL);
	assert_string_equal(why.text, "1048575 means 1048575 bytes. Did you mean 1048575G?");
	for (size_t i = 0; i < COUNT_OF(meant); i++) {
		uint64_t bytes;
		bool more;

		assert_int_equal(size_parse_more(meant[i], &more, &bytes, &why), 0);
		assert_int_equal(size_check_bare(meant[i], bytes, &why), 0);
	}
}

static void a_size_is_echoed_in_the_unit_that_was_typed(void **state)
{
	(void)state;
	assert_string_equal(size_like(1500 * GIB, "1500G"), "1500 GiB");
	assert_string_equal(size_like(1546 * GIB, "+10gib"), "1546 GiB");
	assert_string_equal(size_like(3 * TIB / 2, "1.5T"), "1.50 TiB");
	assert_string_equal(size_like(4 * GIB, "4294967296"), "4 GiB");
	assert_string_equal(size_like(4 * GIB, NULL), "4 GiB");
	assert_string_equal(size_like(4 * GIB, "nonsense"), "4 GiB");
	assert_string_equal(size_like(1500 * GIB + 4096, "1500G"), "~1.46 TiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exact_size_reads_back_as_the_same),
		cmocka_unit_test(formats_short_for_tables),
		cmocka_unit_test(formats_how_far_something_is),
		cmocka_unit_test(reads_every_unit_in_every_form),
		cmocka_unit_test(reads_plain_bytes),
		cmocka_unit_test(reads_fractions),
		cmocka_unit_test(knows_the_limit),
		cmocka_unit_test(refuses_invalid_sizes),
		cmocka_unit_test(refuses_a_fraction_of_bytes),
		cmocka_unit_test(reads_what_docker_reads),
		cmocka_unit_test(refuses_what_docker_refuses),
		cmocka_unit_test(a_plus_means_an_addition),
		cmocka_unit_test(quotes_what_it_refuses),
		cmocka_unit_test(agrees_with_arithmetic),
		cmocka_unit_test(formats_for_people),
		cmocka_unit_test(refuses_a_bare_number_below_1_mib),
		cmocka_unit_test(a_size_is_echoed_in_the_unit_that_was_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
