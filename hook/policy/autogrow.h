/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growth of a container that is nearly full, without anybody asking for it: how far, when, and by
 * how much. Pure.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

struct facts;
struct policy;
struct rule;

struct autogrow {
	uint64_t max_bytes;	  /* 0: it does not grow */
	unsigned int at_permille; /* how full: used / (used + available), as in df(1) */
	unsigned int by_permille; /* a step, of the present size */
	uint64_t min_step_bytes, max_step_bytes;
	uint64_t cooldown_ms; /* between two steps */
	unsigned int budget;  /* so many steps in budget_ms */
	uint64_t budget_ms;
};

/* Whose largest size it is. */
enum autogrow_source {
	AUTOGROW_OFF,
	AUTOGROW_CONFIG,
	AUTOGROW_RULE,
	AUTOGROW_TENANT,
};

struct autogrow_verdict {
	struct autogrow limits;
	const struct rule *rule; /* the one that applies, or NULL */
	enum autogrow_source source;
	uint64_t exceeded_bytes; /* the largest size before max_size reduced it; else 0 */
	struct why ignored;	 /* why the tenant's has no effect, or "" */
};

/* The operator's values for a container to which @rule, or NULL, applies, before max_size. */
struct autogrow autogrow_configured(const struct policy *policy, const struct rule *rule);

/*
 * @tenant: the text of the container's own largest size, as policy_request_max() finds it, or NULL.
 * It takes effect where the operator gave none, and where it is the smaller one.
 */
void autogrow_decide(const struct policy *policy, const struct facts *facts, const char *tenant,
		     struct autogrow_verdict *ret);

/* The same for those who only need the limits. 0; 1: @tenant has no effect, with the reason. */
int autogrow_limits(const struct policy *policy, const struct facts *facts, const char *tenant,
		    struct autogrow *ret, struct why *why);

/* For how long a step matters: for the budget, and for the cooldown, which may be longer. */
uint64_t autogrow_step_ms(const struct autogrow *limits);

/* The size after one step of a device of @bytes; @bytes if it has the largest size or more. */
uint64_t autogrow_next_bytes(const struct autogrow *limits, uint64_t bytes);
