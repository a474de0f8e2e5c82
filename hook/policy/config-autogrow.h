/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The types of values that only "autogrow" has (policy/config-value.h). */

#include "policy/config-value.h"

/* clang-format off */
extern const struct config_type
	config_autogrow_at,     /* unsigned int; per mille of "85%"; 50% to 99%; 0: not set */
	config_autogrow_by,     /* the same; 1% to 1000% */
	config_autogrow_budget; /* struct autogrow: its budget and budget_ms, "6 per 10m" */
/* clang-format on */
