/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/plan.h"

#include "unit.h"

#define SECTORS(bytes) ((bytes) / 512)

static struct why why;

static struct growfs fs_of(uint64_t bytes)
{
	return (struct growfs){
		.type = FS_EXT4,
		.block_bytes = 4096,
		.bytes = bytes,
		.slack_bytes = MIB,
		.max_bytes = UINT64_MAX,
	};
}

/* All sizes are in bytes, also the planned ones in the result. */
static void expect(uint64_t want, uint64_t device, uint64_t fs_bytes, uint64_t plan_device,
		   uint64_t plan_fs)
{
	struct growfs fs = fs_of(fs_bytes);
	struct plan plan = plan_make(want, SECTORS(device), &fs);

	assert_int_equal(plan.device_sectors * 512, plan_device);
	assert_int_equal(plan.fs_bytes, plan_fs);
	assert_int_equal(plan.fs_now_bytes, plan_fs);
	assert_false(plan_is_limited(&plan));
	assert_int_equal(plan_is_empty(&plan), plan_device == 0 && plan_fs == 0);
}

static void keeps_what_is_large_enough(void **state)
{
	(void)state;
	expect(0, GIB, GIB, 0, 0);
	expect(1, GIB, GIB, 0, 0);
	expect(GIB - 1, GIB, GIB, 0, 0);
	expect(GIB, GIB, GIB, 0, 0);
	/* a short filesystem that is large enough for the request stays as it is */
	expect(GIB, 4 * GIB, GIB, 0, 0);
}

static void grows_device_and_filesystem_together(void **state)
{
	(void)state;
	expect(4 * GIB, GIB, GIB, 4 * GIB, 4 * GIB);
	expect(SIZE_MAX / 2 + 1, GIB, GIB, SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1); /* 8 EiB */
}

static void rounds_up_to_the_block(void **state)
{
	(void)state;
	expect(4 * GIB + 1, GIB, GIB, 4 * GIB + 4096, 4 * GIB + 4096);
	expect(4 * GIB - 1, GIB, GIB, 4 * GIB, 4 * GIB);
	expect(4 * GIB - 4095, GIB, GIB, 4 * GIB, 4 * GIB);
	expect(4 * GIB - 4096, GIB, GIB, 4 * GIB - 4096, 4 * GIB - 4096);
}

static void grows_the_device_by_as_little_as_a_byte(void **state)
{
	(void)state;
	expect(GIB + 1, GIB, GIB, GIB + 4096, 0);
}

static void grows_the_filesystem_to_the_devices_end(void **state)
{
	(void)state;
	expect(4 * GIB, 4 * GIB, GIB, 0, 4 * GIB);
	expect(2 * GIB, 4 * GIB, GIB, 0, 4 * GIB);
	/* a device may end within a block of the filesystem */
	expect(2 * GIB, 4 * GIB + 512, GIB, 0, 4 * GIB);
}

static void accepts_an_unused_tail(void **state)
{
	(void)state;
	expect(4 * GIB, 4 * GIB, 4 * GIB - MIB, 0, 0);
	expect(4 * GIB, 4 * GIB, 4 * GIB - MIB - 4096, 0, 4 * GIB);
}

/* Of 1 GiB that grow to 1 TiB; @now: to this at first. */
static void expect_limited(uint64_t limit, bool takes_long, uint64_t now)
{
	struct growfs fs = fs_of(GIB);
	struct plan plan = plan_make(TIB, SECTORS(GIB), &fs);

	fs.takes_long = takes_long;
	plan_limit(&plan, limit, &fs);
	assert_int_equal(plan.device_sectors, SECTORS(TIB));
	assert_int_equal(plan.fs_bytes, TIB);
	assert_int_equal(plan.fs_now_bytes, now);
	assert_int_equal(plan_is_limited(&plan), now != TIB);
	assert_false(plan_is_empty(&plan));
}

static void puts_off_what_takes_long(void **state)
{
	(void)state;
	expect_limited(64 * GIB, true, 64 * GIB);
	expect_limited(64 * GIB + 4095, true, 64 * GIB);
	expect_limited(TIB - 4096, true, TIB - 4096);
	expect_limited(64 * GIB, false, TIB);
	expect_limited(0, true, TIB);
	expect_limited(TIB, true, TIB);
	expect_limited(2 * TIB, true, TIB);
}

static void puts_off_everything_at_the_limit(void **state)
{
	(void)state;
	expect_limited(1, true, 0);
	expect_limited(GIB, true, 0);
	expect_limited(GIB + MIB, true, 0); /* ext4 may drop so much at its end */
	expect_limited(GIB + MIB + 4096, true, GIB + MIB + 4096);
}

static void has_nothing_to_put_off_in_a_large_filesystem(void **state)
{
	struct growfs fs = fs_of(TIB);
	struct plan plan = plan_make(TIB, SECTORS(TIB), &fs);

	(void)state;
	fs.takes_long = true;
	plan_limit(&plan, 64 * GIB, &fs);
	assert_false(plan_is_limited(&plan));
	assert_true(plan_is_empty(&plan));
}

/* Whatever the numbers, no planned size is smaller than the present one. */
static void never_plans_to_shrink(void **state)
{
	static const uint64_t sizes[] = {0,   512,	 4096,	  MIB, GIB - 512,
					 GIB, GIB + 512, 4 * GIB, TIB};

	(void)state;
	for (size_t w = 0; w < COUNT_OF(sizes); w++) {
		for (size_t d = 0; d < COUNT_OF(sizes); d++) {
			for (size_t f = 0; f < COUNT_OF(sizes); f++) {
				struct growfs fs = fs_of(sizes[f]);
				struct plan plan = plan_make(sizes[w], SECTORS(sizes[d]), &fs);

				if (plan.device_sectors)
					assert_true(plan.device_sectors * 512 > sizes[d] &&
						    plan.device_sectors * 512 >= sizes[w]);
				if (plan.fs_bytes)
					assert_true(plan.fs_bytes > sizes[f]);
			}
		}
	}
}

static void refuses_what_the_filesystem_cannot_do(void **state)
{
	struct growfs fs = fs_of(GIB);
	struct plan plan = {.fs_bytes = 4 * GIB};

	(void)state;
	assert_int_equal(plan_check_fs(&plan, &fs, &why), 0);
	fs.max_bytes = 4 * GIB;
	assert_int_equal(plan_check_fs(&plan, &fs, &why), 0);
	fs.max_bytes = 4 * GIB - 1;
	assert_int_equal(plan_check_fs(&plan, &fs, &why), -EPERM);
	assert_contains(why.text, "~3.99 GiB");
	fs.max_bytes = UINT64_MAX;
	fs.obstacle = "it is upside down";
	assert_int_equal(plan_check_fs(&plan, &fs, &why), -EPERM);
	assert_contains(why.text, "it is upside down");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_large_enough),
		cmocka_unit_test(grows_device_and_filesystem_together),
		cmocka_unit_test(rounds_up_to_the_block),
		cmocka_unit_test(grows_the_device_by_as_little_as_a_byte),
		cmocka_unit_test(grows_the_filesystem_to_the_devices_end),
		cmocka_unit_test(accepts_an_unused_tail),
		cmocka_unit_test(puts_off_what_takes_long),
		cmocka_unit_test(puts_off_everything_at_the_limit),
		cmocka_unit_test(has_nothing_to_put_off_in_a_large_filesystem),
		cmocka_unit_test(never_plans_to_shrink),
		cmocka_unit_test(refuses_what_the_filesystem_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
