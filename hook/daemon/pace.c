/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pace.h"

#include "base/minmax.h"
#include "base/ratio.h"

/* A fast disk. What is written faster than this may be full before the next look. */
#define PLAUSIBLE_BYTES_PER_S (UINT64_C(400) << 20)

/* So many looks while the free space lasts. */
#define LOOKS 4

/* A growth takes part of this; the device's lock and the pool may be in use for the rest. */
#define URGENT_MS 3000

/* In less time a single write looks like a fast writer. */
#define MEASURE_MS 250

/* A single look may see the peak of something that is removed at once. */
#define LOOKS_AT_MARK 2

static bool makes_sense(const struct sample *sample)
{
	return sample->total_bytes && sample->used_bytes <= sample->total_bytes &&
	       sample->used_bytes + sample->available_bytes > 0;
}

uint64_t pace_used_permille(const struct sample *sample)
{
	return permille(sample->used_bytes, sample->used_bytes + sample->available_bytes);
}

static bool is_at_mark(const struct sample *sample, unsigned int at_permille)
{
	return pace_used_permille(sample) >= at_permille ||
	       (sample->files && permille(sample->files_used, sample->files) >= at_permille);
}

static uint64_t rate_between(const struct sample *before, const struct sample *now)
{
	uint64_t ms = now->at_ms - before->at_ms;

	if (now->used_bytes <= before->used_bytes)
		return 0;
	return (uint64_t)((unsigned __int128)(now->used_bytes - before->used_bytes) * 1000 / ms);
}

/* Who writes in bursts goes on with the next one, but not for long. */
static void measure(struct pace *pace, const struct sample *sample)
{
	uint64_t measured;

	if (pace->base.total_bytes && sample->at_ms - pace->base.at_ms < MEASURE_MS)
		return;
	measured = pace->base.total_bytes ? rate_between(&pace->base, sample) : 0;
	pace->bytes_per_s = larger(measured, pace->measured_before / 2);
	pace->measured_before = measured;
	pace->base = *sample;
}

enum pace_result pace_take(struct pace *pace, const struct sample *sample, unsigned int at_permille)
{
	const struct sample *before = &pace->last;
	if (!makes_sense(sample) || sample->at_ms < before->at_ms)
		return PACE_IGNORED;
	if (before->total_bytes && sample->total_bytes != before->total_bytes) {
		/* What was written before a growth does not justify the next one. */
		*pace = (struct pace){.last = *sample, .base = *sample};
		return PACE_RESIZED;
	}
	measure(pace, sample);
	pace->over = is_at_mark(sample, at_permille) ? pace->over + 1 : 0;
	pace->last = *sample;
	return PACE_TAKEN;
}

/* How long the free space lasts at @bytes_per_s. */
static uint64_t lasts_ms(const struct pace *pace, uint64_t bytes_per_s)
{
	return (uint64_t)((unsigned __int128)pace->last.available_bytes * 1000 / bytes_per_s);
}

enum pace_need pace_need(const struct pace *pace)
{
	if (pace->bytes_per_s && lasts_ms(pace, pace->bytes_per_s) <= URGENT_MS)
		return PACE_URGENT;
	return pace->over >= LOOKS_AT_MARK ? PACE_FULL : PACE_NONE;
}

uint64_t pace_interval_ms(const struct pace *pace)
{
	uint64_t ms = lasts_ms(pace, larger(PLAUSIBLE_BYTES_PER_S, pace->bytes_per_s)) / LOOKS;

	if (!pace->last.total_bytes || pace->over)
		return PACE_SHORTEST_MS;
	return smaller(larger(ms, PACE_SHORTEST_MS), PACE_LONGEST_MS);
}
