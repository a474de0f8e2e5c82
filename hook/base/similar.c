/* SPDX-License-Identifier: Apache-2.0 */
#include "base/similar.h"

#include <string.h>

#define NAME_MAX_LETTERS 24U

static unsigned int smallest(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment: swapping two neighbours costs one. */
unsigned int similar_distance(const char *typed, size_t len, const char *name)
{
	size_t n = strlen(name);
	unsigned int cost[NAME_MAX_LETTERS + 1][NAME_MAX_LETTERS + 1];

	if (len > NAME_MAX_LETTERS || n > NAME_MAX_LETTERS)
		return SIMILAR_NOT;
	for (size_t i = 0; i <= len; i++) {
		for (size_t k = 0; k <= n; k++) {
			if (i == 0 || k == 0) {
				cost[i][k] = (unsigned int)(i + k);
				continue;
			}
			cost[i][k] = smallest(cost[i - 1][k] + 1, cost[i][k - 1] + 1,
					      cost[i - 1][k - 1] + (typed[i - 1] != name[k - 1]));
			if (i > 1 && k > 1 && typed[i - 1] == name[k - 2] &&
			    typed[i - 2] == name[k - 1])
				cost[i][k] = smallest(cost[i][k], cost[i - 2][k - 2] + 1,
						      SIMILAR_NOT + NAME_MAX_LETTERS);
		}
	}
	return cost[len][n] > (n > 4 ? 2 : 1) ? SIMILAR_NOT : cost[len][n];
}

void similar_try(struct similar *nearest, const char *typed, size_t len, const char *name)
{
	unsigned int distance = similar_distance(typed, len, name);

	if (distance < (nearest->name ? nearest->distance : SIMILAR_NOT))
		*nearest = (struct similar){name, distance};
}
