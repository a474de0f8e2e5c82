/* SPDX-License-Identifier: Apache-2.0 */
#include "job/tally.h"

#include "base/exit.h"

static const struct {
	const char *key, *words;
} fates[FATES] = {
	[FATE_GROWN] = {"grown", "grown"},
	[FATE_KEPT] = {"kept", "large enough"},
	[FATE_UNASKED] = {"unasked", "without a request"},
	[FATE_PASSED_OVER] = {"passed_over", "not running or not on a thin device"},
	[FATE_POSTPONED] = {"postponed", "postponed"},
	[FATE_REFUSED] = {"refused", "refused"},
	[FATE_FAILED] = {"failed", "failed"},
	[FATE_MISSING] = {"missing", "not found"},
	[FATE_LEFT] = {"left", "left undone"},
};

void tally_print(const struct tally *tally, bool dry_run, FILE *out)
{
	const char *separator = "";

	for (size_t i = 0; i < FATES; i++) {
		if (!tally->n[i])
			continue;
		fprintf(out, "%s%u %s", separator, tally->n[i],
			i == FATE_GROWN && dry_run ? "would grow" : fates[i].words);
		separator = ", ";
	}
	fputs(*separator ? "\n" : "no containers\n", out);
}

void tally_json(const struct tally *tally, struct json_writer *w)
{
	json_write_object(w, "summary");
	for (size_t i = 0; i < FATES; i++)
		json_write_u64(w, fates[i].key, tally->n[i]);
	json_write_close(w);
}

int tally_exit_status(const struct tally *tally)
{
	if (tally->n[FATE_FAILED] || tally->n[FATE_POSTPONED])
		return EXIT_FAILED;
	if (tally->n[FATE_REFUSED])
		return EXIT_REFUSED;
	return tally->n[FATE_MISSING] ? EXIT_NOT_APPLICABLE : EXIT_OK;
}
