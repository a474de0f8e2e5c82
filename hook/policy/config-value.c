/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-value.h"

#include "base/quote.h"
#include "policy/size.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_TIMEOUT_MS	100
#define MAX_TIMEOUT_MS	UINT64_C(600000)
#define MAX_THOUSANDTHS UINT64_C(1000000000)
#define PROGRAM_NAME	"oci-thin-grow"
#define WRAPPER_NAME	PROGRAM_NAME "-runtime"
#define NAME_MAX_BYTES	64

void config_read_bool(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	if (value->type == JSON_BOOL)
		*(bool *)target = value->text[0] == 't';
	else
		config_fail(reader, value, path, "true or false");
}

/* Is it a string with something in it, and no NUL? */
static bool is_text(const struct json *value)
{
	return value->type == JSON_STRING && value->len > 0 && strlen(value->text) == value->len;
}

void config_read_string(struct config_reader *reader, const struct json *value, const char *path,
			void *target)
{
	if (is_text(value))
		*(const char **)target = config_strdup(reader, value->text);
	else
		config_fail(reader, value, path, "a string that is not empty");
}

/* It stands in messages as it is. */
static bool is_name(const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		if (text[i] < ' ' || text[i] > '~' || strchr("\"\\", text[i]) ||
		    i == NAME_MAX_BYTES)
			return false;
	}
	return true;
}

void config_read_name(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	if (is_text(value) && is_name(value->text))
		*(const char **)target = config_strdup(reader, value->text);
	else
		config_fail(reader, value, path,
			    "a name of at most 64 letters, digits and signs, without quotes");
}

void config_read_path(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	const char *slash = is_text(value) ? strrchr(value->text, '/') : NULL;

	if (!slash || value->text[0] != '/' || !slash[1])
		config_fail(reader, value, path, "an absolute path");
	else if (strcmp(slash + 1, WRAPPER_NAME) == 0 || strcmp(slash + 1, PROGRAM_NAME) == 0)
		config_fail(reader, value, path, "the real runtime, not the wrapper itself");
	else
		*(const char **)target = config_strdup(reader, value->text);
}

static void read_folder(struct config_reader *reader, const struct json *value, const char *path,
			void *target)
{
	if (is_text(value) && value->text[0] == '/')
		*(const char **)target = config_strdup(reader, value->text);
	else
		config_fail(reader, value, path, "an absolute path");
}

static void read_list(struct config_reader *reader, const struct json *value, const char *path,
		      config_read *read_one, const char *expected, void *target)
{
	unsigned int errors = reader->errors;
	const char **list;
	size_t n = 0;

	if (value->type != JSON_ARRAY) {
		config_fail(reader, value, path, expected);
		return;
	}
	json_foreach (member, value)
		n++;
	list = config_alloc(reader, (n + 1) * sizeof(*list));
	if (!list)
		return;
	n = 0;
	json_foreach (member, value) {
		struct why inner;

		why_set(&inner, 0, "%s[%zu]", path, n);
		read_one(reader, member, inner.text, &list[n++]);
	}
	if (reader->errors == errors)
		*(const char *const **)target = list;
}

void config_read_strings(struct config_reader *reader, const struct json *value, const char *path,
			 void *target)
{
	read_list(reader, value, path, config_read_string, "an array of strings", target);
}

void config_read_paths(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	read_list(reader, value, path, read_folder, "an array of absolute paths", target);
}

#define A_SIZE "a size, as in \"42G\" or \"1.5T\""

static void read_size(struct config_reader *reader, const struct json *value, const char *path,
		      const char *expected, uint64_t *target)
{
	struct why unused;
	uint64_t bytes;

	if (is_text(value) && size_parse(value->text, &bytes, &unused) == 0 && bytes > 0)
		*target = bytes;
	else
		config_fail(reader, value, path, expected);
}

void config_read_size(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	read_size(reader, value, path, A_SIZE, target);
}

void config_read_optional(struct config_reader *reader, const struct json *value, const char *path,
			  void *target)
{
	if (value->type == JSON_NULL)
		*(uint64_t *)target = 0;
	else
		read_size(reader, value, path, A_SIZE ", or null for none", target);
}

/* Digits, and up to @decimals behind a point; in units of the last decimal. No sign, no exponent.
 */
static int parse_decimal(const char *text, unsigned int decimals, uint64_t max, uint64_t *ret)
{
	bool point = false;
	uint64_t n = 0;

	for (; *text; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9' || (point && decimals-- == 0))
			return -EINVAL;
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > max)
			return -ERANGE;
	}
	for (; decimals > 0; decimals--)
		n *= 10;
	if (n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

void config_read_percent(struct config_reader *reader, const struct json *value, const char *path,
			 void *target)
{
	uint64_t n;

	if (value->type == JSON_NUMBER && parse_decimal(value->text, 0, 100, &n) == 0 && n > 0)
		*(unsigned int *)target = (unsigned int)n;
	else
		config_fail(reader, value, path, "a whole number from 1 to 100");
}

void config_read_ratio(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	uint64_t n;

	if (value->type == JSON_NUMBER && parse_decimal(value->text, 3, MAX_THOUSANDTHS, &n) == 0)
		*(uint64_t *)target = n;
	else
		config_fail(
			reader, value, path,
			"a number such as 2 or 1.5 (three decimals at most), or 0 for no limit");
}

static int parse_time(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 9)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].unit) == 0) {
			*ret_ms = strtoull(text, NULL, 10) * units[i].ms;
			return 0;
		}
	}
	return -EINVAL;
}

void config_read_time(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	uint64_t ms;

	if (is_text(value) && parse_time(value->text, &ms) == 0 && ms >= MIN_TIMEOUT_MS &&
	    ms <= MAX_TIMEOUT_MS)
		*(uint64_t *)target = ms;
	else
		config_fail(reader, value, path, "a time from \"100ms\" to \"10m\", as in \"10s\"");
}

int config_read_choice(struct config_reader *reader, const struct json *value, const char *path,
		       const char *const words[])
{
	struct why expected = {""};

	for (int i = 0; words[i]; i++) {
		size_t len = strlen(expected.text);

		if (value->type == JSON_STRING && value->len == strlen(words[i]) &&
		    strcmp(value->text, words[i]) == 0)
			return i;
		snprintf(expected.text + len, sizeof(expected.text) - len, "%s\"%s\"",
			 i ? " or " : "", words[i]);
	}
	config_fail(reader, value, path, expected.text);
	return -1;
}
