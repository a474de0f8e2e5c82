/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-autogrow.h"

#include "base/duration.h"
#include "base/ratio.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

#define MAX_STEPS     1000
#define MIN_BUDGET_MS 1000
#define MAX_BUDGET_MS UINT64_C(86400000)

static bool is_text(const struct json *value)
{
	return value->type == JSON_STRING && strlen(value->text) == value->len;
}

/* --- "85%" ----------------------------------------------------------------------------------- */

/* Per mille; 0: not a percentage. */
static unsigned int parse_percentage(const char *percentage)
{
	size_t len = strspn(percentage, "0123456789.");
	uint64_t n;

	if (strcmp(percentage + len, "%") != 0 ||
	    decimal_parse(text("%.*s", (int)len, percentage), 1, UINT16_MAX, &n) < 0)
		return 0;
	return (unsigned int)n;
}

static void take_percentage(struct config_reader *reader, const struct json *value,
			    const char *path, unsigned int min, unsigned int max,
			    const char *expected, unsigned int *target)
{
	unsigned int n = is_text(value) ? parse_percentage(value->text) : 0;

	if (n >= min && n <= max)
		*target = n;
	else
		config_fail(reader, value, path, expected);
}

static void read_at(struct config_reader *reader, const struct json *value, const char *path,
		    void *target)
{
	take_percentage(reader, value, path, 500, 990,
			"a percentage from \"50%\" to \"99%\", as in \"85%\"", target);
}

static void read_by(struct config_reader *reader, const struct json *value, const char *path,
		    void *target)
{
	take_percentage(reader, value, path, 10, 10000,
			"a percentage from \"1%\" to \"1000%\", as in \"50%\"", target);
}

static void show_percentage(const void *target, FILE *out)
{
	fprintf(out, "\"%s%%\"", thousandths_format(*(const unsigned int *)target * UINT64_C(100)));
}

static bool is_percentage_set(const void *target)
{
	return *(const unsigned int *)target > 0;
}

const struct config_type config_autogrow_at = {read_at, show_percentage, is_percentage_set};
const struct config_type config_autogrow_by = {read_by, show_percentage, is_percentage_set};

/* --- "6 per 10m" ----------------------------------------------------------------------------- */

static int parse_budget(const char *budget, struct autogrow *target)
{
	size_t digits = strspn(budget, "0123456789"), per = strlen(" per ");
	uint64_t n, ms;

	if (digits == 0 || strncmp(budget + digits, " per ", per) != 0 ||
	    decimal_parse(text("%.*s", (int)digits, budget), 0, MAX_STEPS, &n) < 0 || n == 0 ||
	    duration_parse(budget + digits + per, &ms) < 0 || ms < MIN_BUDGET_MS ||
	    ms > MAX_BUDGET_MS)
		return -EINVAL;
	target->budget = (unsigned int)n;
	target->budget_ms = ms;
	return 0;
}

static void read_budget(struct config_reader *reader, const struct json *value, const char *path,
			void *target)
{
	if (!is_text(value) || parse_budget(value->text, target) < 0)
		config_fail(reader, value, path,
			    "steps and a time from \"1s\" to \"24h\", as in \"6 per 10m\"");
}

static void show_budget(const void *target, FILE *out)
{
	const struct autogrow *of = target;

	fprintf(out, "\"%u per %s\"", of->budget, duration_format(of->budget_ms));
}

static bool is_budget_set(const void *target)
{
	return ((const struct autogrow *)target)->budget > 0;
}

const struct config_type config_autogrow_budget = {read_budget, show_budget, is_budget_set};
