/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/history.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void free_past(struct past *past)
{
	free(past->device);
	budget_free(&past->steps);
}

static bool has_effect(struct past *past, uint64_t now_ms)
{
	budget_expire(&past->steps, past->remembered_ms, now_ms);
	return past->steps.n || past->backoff_until_ms > now_ms;
}

int history_keep(struct history *history, struct past *past, uint64_t now_ms)
{
	struct past *more, kept = *past;

	past->steps = (struct budget){0};
	kept.device = NULL;
	if (has_effect(&kept, now_ms)) {
		more = realloc(history->pasts, (history->n + 1) * sizeof(*more));
		if (more)
			history->pasts = more;
		kept.device = more ? strdup(past->device) : NULL;
	}
	if (!kept.device) {
		bool lost = kept.steps.n;

		free_past(&kept);
		return lost ? -ENOMEM : 0;
	}
	history->pasts[history->n++] = kept;
	return 0;
}

int history_take(struct history *history, const char *device, struct past *ret)
{
	for (size_t i = 0; i < history->n; i++) {
		if (strcmp(history->pasts[i].device, device) != 0)
			continue;
		*ret = history->pasts[i];
		free(ret->device);
		ret->device = NULL;
		history->pasts[i] = history->pasts[--history->n];
		return 1;
	}
	return 0;
}

void history_expire(struct history *history, uint64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < history->n; i++) {
		if (has_effect(&history->pasts[i], now_ms))
			history->pasts[kept++] = history->pasts[i];
		else
			free_past(&history->pasts[i]);
	}
	history->n = kept;
}

void history_free(struct history *history)
{
	for (size_t i = 0; i < history->n; i++)
		free_past(&history->pasts[i]);
	free(history->pasts);
	*history = (struct history){0};
}
