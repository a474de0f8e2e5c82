/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void budget_expire(struct budget *budget, uint64_t period_ms, uint64_t now_ms)
{
	size_t old = 0;

	while (old < budget->n && budget->at_ms[old] + period_ms <= now_ms)
		old++;
	if (old == 0)
		return;
	budget->n -= old;
	memmove(budget->at_ms, budget->at_ms + old, budget->n * sizeof(*budget->at_ms));
}

size_t budget_spent(const struct budget *budget, uint64_t period_ms, uint64_t now_ms)
{
	size_t n = 0;

	while (n < budget->n && budget->at_ms[budget->n - n - 1] + period_ms > now_ms)
		n++;
	return n;
}

int budget_spend(struct budget *budget, uint64_t now_ms)
{
	uint64_t *more = realloc(budget->at_ms, (budget->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[budget->n++] = now_ms;
	budget->at_ms = more;
	return 0;
}

void budget_take_back(struct budget *budget)
{
	if (budget->n)
		budget->n--;
}

uint64_t budget_last(const struct budget *budget)
{
	return budget->n ? budget->at_ms[budget->n - 1] : 0;
}

void budget_free(struct budget *budget)
{
	free(budget->at_ms);
	*budget = (struct budget){0};
}
