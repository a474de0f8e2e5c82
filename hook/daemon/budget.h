/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How many steps of growth were made lately. Pure; all times are CLOCK_BOOTTIME. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget {
	uint64_t *at_ms; /* of each step, oldest first */
	size_t n;
};

/* Forgets steps that were made @period_ms or longer ago. */
void budget_expire(struct budget *budget, uint64_t period_ms, uint64_t now_ms);

/* How many steps were made less than @period_ms ago? */
size_t budget_spent(const struct budget *budget, uint64_t period_ms, uint64_t now_ms);

/* 0 or -ENOMEM. */
int budget_spend(struct budget *budget, uint64_t now_ms);

/* The last step was not made. */
void budget_take_back(struct budget *budget);

/* When the last step was made; 0: none is known. */
uint64_t budget_last(const struct budget *budget);

void budget_free(struct budget *budget);
