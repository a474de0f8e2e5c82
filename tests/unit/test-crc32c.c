/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"

#include "unit.h"

/* RFC 3720, B.4 */
static void computes_the_published_checksums(void **state)
{
	uint8_t bytes[32] = {0};

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
}

static void continues_from_an_earlier_result(void **state)
{
	(void)state;
	for (size_t i = 0; i <= 9; i++)
		assert_int_equal(crc32c(crc32c(0, "123456789", i), "123456789" + i, 9 - i),
				 0xe3069283);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computes_the_published_checksums),
		cmocka_unit_test(continues_from_an_earlier_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
