/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pace.h"

#include "policy/autogrow.h"

#include "unit.h"

#define AT 850

static struct sample sample_at(uint64_t at_ms, uint64_t total, uint64_t used)
{
	return (struct sample){
		.at_ms = at_ms,
		.total_bytes = total,
		.used_bytes = used,
		.available_bytes = total - used,
	};
}

static enum pace_result take(struct pace *pace, uint64_t at_ms, uint64_t total, uint64_t used)
{
	const struct sample sample = sample_at(at_ms, total, used);

	return pace_take(pace, &sample, AT);
}

static void one_sample_at_the_mark_is_not_enough(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, GIB, 900 * MIB);
	assert_int_equal(pace_need(&pace), PACE_NONE);
	assert_int_equal(pace_interval_ms(&pace), PACE_SHORTEST_MS);
	take(&pace, 1500, GIB, 900 * MIB);
	assert_int_equal(pace_need(&pace), PACE_FULL);
	take(&pace, 2000, GIB, 100 * MIB);
	assert_int_equal(pace_need(&pace), PACE_NONE);
}

static void use_is_what_df_shows(void **state)
{
	struct pace pace = {0};
	/* ext4 reserves 5 % of 1 GiB: 85 % of the rest are 827 MiB. */
	struct sample sample = {.total_bytes = GIB,
				.used_bytes = 828 * MIB,
				.available_bytes = GIB - 828 * MIB - GIB / 20};

	(void)state;
	for (sample.at_ms = 0; sample.at_ms < 2000; sample.at_ms += 1000)
		assert_int_equal(pace_take(&pace, &sample, AT), PACE_TAKEN);
	assert_int_equal(pace_need(&pace), PACE_FULL);
	assert_int_equal(pace_used_permille(&sample), 851);
}

/* Its statfs then says that nothing is available, although blocks for data are free. */
static void a_btrfs_without_space_for_metadata_is_full(void **state)
{
	struct pace pace = {0};
	struct sample sample = sample_at(1000, GIB, 300 * MIB);

	(void)state;
	sample.available_bytes = 0;
	pace_take(&pace, &sample, AT);
	sample.at_ms += 500;
	pace_take(&pace, &sample, AT);
	assert_int_equal(pace_need(&pace), PACE_FULL);
}

static void free_space_that_lasts_seconds_is_urgent(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, GIB, 0);
	take(&pace, 1500, GIB, 200 * MIB); /* 400 MiB/s: 2.06 s are left */
	assert_int_equal(pace_need(&pace), PACE_URGENT);
	pace = (struct pace){0};
	take(&pace, 1000, GIB, 0);
	take(&pace, 1500, GIB, 100 * MIB); /* 200 MiB/s: 4.6 s */
	assert_int_equal(pace_need(&pace), PACE_NONE);
}

static void a_pause_between_bursts_does_not_hide_the_rate(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, GIB, 0);
	take(&pace, 1500, GIB, 300 * MIB);
	take(&pace, 2000, GIB, 300 * MIB);
	assert_int_equal(pace.bytes_per_s, 300 * MIB);
	assert_int_equal(pace_need(&pace), PACE_URGENT);
	take(&pace, 2500, GIB, 300 * MIB);
	assert_int_equal(pace_need(&pace), PACE_NONE);
}

static void one_write_is_not_a_fast_writer(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, GIB, 0);
	take(&pace, 1010, GIB, 50 * MIB);
	assert_int_equal(pace_need(&pace), PACE_NONE);
	take(&pace, 1500, GIB, 50 * MIB);
	assert_int_equal(pace.bytes_per_s, 100 * MIB);
}

/* Whenever the first sample after it is taken. */
static void a_burst_is_one_growth(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, GIB, 0);
	take(&pace, 1500, GIB, 800 * MIB);
	assert_int_equal(pace_need(&pace), PACE_URGENT);
	assert_int_equal(take(&pace, 1600, 2 * GIB, 800 * MIB), PACE_RESIZED);
	assert_int_equal(pace_need(&pace), PACE_NONE);
	take(&pace, 2100, 2 * GIB, 800 * MIB);
	assert_int_equal(pace_need(&pace), PACE_NONE);
}

static void what_makes_no_sense_is_ignored(void **state)
{
	static const struct sample bad[] = {
		{.at_ms = 3000},					    /* zeros */
		{.at_ms = 3000, .total_bytes = GIB, .used_bytes = 2 * GIB}, /* more than all */
		{.at_ms = 3000, .total_bytes = 0, .used_bytes = 0, .available_bytes = GIB},
		{.at_ms = 500, .total_bytes = GIB, .used_bytes = GIB - 1, .available_bytes = 1},
	};
	struct pace pace = {0}, before;

	(void)state;
	take(&pace, 1000, GIB, 100 * MIB);
	before = pace;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(pace_take(&pace, &bad[i], AT), PACE_IGNORED);
		assert_memory_equal(&pace, &before, sizeof(pace));
	}
}

static void a_shrunken_filesystem_starts_anew(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, 4 * GIB, GIB);
	take(&pace, 2000, 4 * GIB, 2 * GIB);
	assert_int_equal(take(&pace, 2500, GIB, GIB - MIB), PACE_RESIZED);
	assert_int_equal(pace_need(&pace), PACE_NONE);
	take(&pace, 3000, GIB, GIB - MIB);
	assert_int_equal(pace_need(&pace), PACE_NONE);
	take(&pace, 3500, GIB, GIB - MIB);
	assert_int_equal(pace_need(&pace), PACE_FULL);
}

static void after_a_growth_the_rate_is_measured_anew(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, GIB, 0);
	take(&pace, 1500, GIB, 200 * MIB);
	assert_int_equal(take(&pace, 2000, 2 * GIB, 400 * MIB), PACE_RESIZED);
	take(&pace, 2500, 2 * GIB, 600 * MIB);
	assert_int_equal(pace.bytes_per_s, 400 * MIB);
}

static void inodes_are_used_up_too(void **state)
{
	struct pace pace = {0};
	struct sample sample = sample_at(1000, GIB, 100 * MIB);

	(void)state;
	sample.files = 1000;
	sample.files_used = 849;
	pace_take(&pace, &sample, AT);
	assert_int_equal(pace.over, 0);
	sample.files_used = 850;
	pace_take(&pace, &sample, AT);
	pace_take(&pace, &sample, AT);
	assert_int_equal(pace_need(&pace), PACE_FULL);
	sample.files = 0; /* XFS */
	pace_take(&pace, &sample, AT);
	assert_int_equal(pace_need(&pace), PACE_NONE);
}

static uint64_t interval_of(uint64_t free)
{
	struct pace pace = {0};

	take(&pace, 1000, 8 * TIB, 8 * TIB - free);
	pace.over = 0;
	return pace_interval_ms(&pace);
}

static void an_idle_filesystem_is_looked_at_as_its_free_space_asks(void **state)
{
	(void)state;
	assert_int_equal(interval_of(100 * MIB), PACE_SHORTEST_MS);
	assert_int_equal(interval_of(GIB), 640);
	assert_int_equal(interval_of(10 * GIB), 6400);
	assert_int_equal(interval_of(4 * TIB), PACE_LONGEST_MS);
}

static void a_faster_writer_than_plausible_is_looked_at_more_often(void **state)
{
	struct pace pace = {0};

	(void)state;
	take(&pace, 1000, 64 * GIB, 0);
	take(&pace, 2000, 64 * GIB, 2 * GIB);
	assert_int_equal(pace_interval_ms(&pace), 62 * 1000 / 2 / 4);
}

static void what_was_never_sampled_is_looked_at_soon(void **state)
{
	const struct pace pace = {0};

	(void)state;
	assert_int_equal(pace_interval_ms(&pace), PACE_SHORTEST_MS);
	assert_int_equal(pace_need(&pace), PACE_NONE);
}

/* --- how fast a writer may be ---------------------------------------------------------------- */

#define STEP_MS 400 /* that a growth takes */

/* Writes @rate MiB/s from an empty 1 GiB; how many growths until @max GiB, or -1: it was full. */
static int write_until(uint64_t rate, uint64_t max_gib, uint64_t phase_ms)
{
	const struct autogrow limits = {.max_bytes = max_gib * GIB,
					.at_permille = AT,
					.by_permille = 1000,
					.min_step_bytes = GIB,
					.max_step_bytes = 64 * GIB};
	uint64_t size = GIB, next = 0, grown_at = 0;
	struct pace pace = {0};
	int growths = 0;

	for (uint64_t at = 0; size < limits.max_bytes; at++) {
		uint64_t used = at > phase_ms ? (at - phase_ms) * rate * MIB / 1000 : 0;

		if (used >= size - size / 20)
			return -1;
		if (grown_at == at && at) {
			size = autogrow_next_bytes(&limits, size);
			growths++;
		}
		if (at < next)
			continue;
		take(&pace, at, size, used);
		next = at + pace_interval_ms(&pace);
		if (pace_need(&pace) != PACE_NONE && grown_at <= at)
			grown_at = at + STEP_MS;
	}
	return growths;
}

static void writers_reach_the_maximum_within_the_default_budget(void **state)
{
	static const uint64_t rates[] = {1, 20, 100, 200, 400};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		for (uint64_t phase_ms = 0; phase_ms < 1000; phase_ms += 7) {
			int growths = write_until(rates[i], 16, phase_ms);

			assert_true(growths > 0 && growths <= 6);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sample_at_the_mark_is_not_enough),
		cmocka_unit_test(use_is_what_df_shows),
		cmocka_unit_test(a_btrfs_without_space_for_metadata_is_full),
		cmocka_unit_test(free_space_that_lasts_seconds_is_urgent),
		cmocka_unit_test(a_pause_between_bursts_does_not_hide_the_rate),
		cmocka_unit_test(one_write_is_not_a_fast_writer),
		cmocka_unit_test(a_burst_is_one_growth),
		cmocka_unit_test(what_makes_no_sense_is_ignored),
		cmocka_unit_test(a_shrunken_filesystem_starts_anew),
		cmocka_unit_test(after_a_growth_the_rate_is_measured_anew),
		cmocka_unit_test(inodes_are_used_up_too),
		cmocka_unit_test(an_idle_filesystem_is_looked_at_as_its_free_space_asks),
		cmocka_unit_test(a_faster_writer_than_plausible_is_looked_at_more_often),
		cmocka_unit_test(what_was_never_sampled_is_looked_at_soon),
		cmocka_unit_test(writers_reach_the_maximum_within_the_default_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
