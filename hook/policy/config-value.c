/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-value.h"

#include "base/duration.h"
#include "base/paths.h"
#include "base/quote.h"
#include "base/ratio.h"
#include "base/shim-name.h"
#include "base/size.h"
#include "base/text.h"

#include <string.h>
#include <sys/un.h>

#define MIN_TIMEOUT_MS	100
#define MAX_TIMEOUT_MS	UINT64_C(600000)
#define MIN_PAUSE_MS	1000
#define MAX_PAUSE_MS	UINT64_C(86400000)
#define MAX_THOUSANDTHS UINT64_C(1000000000)
#define PROGRAM_NAME	"oci-thin-grow"
#define WRAPPER_NAME	PROGRAM_NAME "-runtime"
#define NAME_MAX_BYTES	64
#define SOCKET_SIZE	sizeof(((struct sockaddr_un *)NULL)->sun_path)

/* --- booleans -------------------------------------------------------------------------------- */

static void read_bool(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	if (value->type == JSON_BOOL)
		*(bool *)target = value->text[0] == 't';
	else
		config_fail(reader, value, path, "true or false");
}

static void show_bool(const void *target, FILE *out)
{
	fputs(*(const bool *)target ? "true" : "false", out);
}

const struct config_type config_bool = {read_bool, show_bool, NULL};

/* --- choices --------------------------------------------------------------------------------- */

/* In gcc and clang an enum without negative values is an unsigned int. */
void config_read_choice(struct config_reader *reader, const struct json *value, const char *path,
			const char *const words[], void *target)
{
	struct text expected = {""};

	for (unsigned int i = 0; words[i]; i++) {
		if (value->type == JSON_STRING && value->len == strlen(words[i]) &&
		    strcmp(value->text, words[i]) == 0) {
			*(unsigned int *)target = i;
			return;
		}
		text_add(&expected, "%s\"%s\"", i ? " or " : "", words[i]);
	}
	config_fail(reader, value, path, expected.s);
}

void config_show_choice(const void *target, const char *const words[], FILE *out)
{
	fprintf(out, "\"%s\"", words[*(const unsigned int *)target]);
}

/* --- strings --------------------------------------------------------------------------------- */

static bool is_text(const struct json *value)
{
	return value->type == JSON_STRING && value->len > 0 && strlen(value->text) == value->len;
}

static void read_string(struct config_reader *reader, const struct json *value, const char *path,
			void *target)
{
	if (is_text(value))
		*(const char **)target = config_strdup(reader, value->text);
	else
		config_fail(reader, value, path, "a string that is not empty");
}

void config_show_string(const char *text, FILE *out)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\u%04x", (unsigned int)*text);
		else
			putc(*text, out);
	}
	putc('"', out);
}

static void show_string(const void *target, FILE *out)
{
	config_show_string(*(const char *const *)target, out);
}

static bool is_string_set(const void *target)
{
	return *(const char *const *)target != NULL;
}

const struct config_type config_string = {read_string, show_string, is_string_set};

static bool is_name(const char *text)
{
	return strlen(text) <= NAME_MAX_BYTES && quote_is_printable(text) && !strpbrk(text, "\"\\");
}

static void read_name(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	if (is_text(value) && is_name(value->text))
		*(const char **)target = config_strdup(reader, value->text);
	else
		config_fail(reader, value, path,
			    "a name of at most 64 letters, digits and signs, without quotes");
}

const struct config_type config_name = {read_name, show_string, is_string_set};

static bool is_ours(const char *program)
{
	char unused[SHIM_NAME_SIZE];

	return strcmp(program, WRAPPER_NAME) == 0 || strcmp(program, PROGRAM_NAME) == 0 ||
	       shim_name_wrapped(program, unused);
}

static void take_program(struct config_reader *reader, const struct json *value, const char *path,
			 const char *not_ours, void *target)
{
	const char *slash = is_text(value) ? strrchr(value->text, '/') : NULL;

	if (!slash || value->text[0] != '/' || !slash[1])
		config_fail(reader, value, path, "an absolute path");
	else if (is_ours(slash + 1))
		config_fail(reader, value, path, not_ours);
	else
		*(const char **)target = config_strdup(reader, value->text);
}

static void read_program(struct config_reader *reader, const struct json *value, const char *path,
			 void *target)
{
	take_program(reader, value, path, "the real runtime, not the wrapper itself", target);
}

const struct config_type config_program = {read_program, show_string, NULL};

static void read_shim_path(struct config_reader *reader, const struct json *value, const char *path,
			   void *target)
{
	take_program(reader, value, path, "the real shim, not our wrapper for it", target);
}

const struct config_type config_shim = {read_shim_path, show_string, NULL};

static void read_nri(struct config_reader *reader, const struct json *value, const char *path,
		     void *target)
{
	const char **socket = target;

	if (value->type == JSON_NULL || (value->type == JSON_BOOL && value->text[0] == 'f'))
		*socket = NULL;
	else if (value->type == JSON_BOOL)
		*socket = NRI_SOCKET;
	else if (is_text(value) && value->text[0] == '/' && value->len < SOCKET_SIZE)
		*socket = config_strdup(reader, value->text);
	else
		config_fail(reader, value, path,
			    "true, the absolute path of NRI's socket, or null for none");
}

static void show_nri(const void *target, FILE *out)
{
	const char *socket = *(const char *const *)target;

	if (socket)
		config_show_string(socket, out);
	else
		fputs("null", out);
}

const struct config_type config_nri = {read_nri, show_nri, NULL};

/* --- lists ----------------------------------------------------------------------------------- */

static void read_path(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	if (is_text(value) && value->text[0] == '/')
		*(const char **)target = config_strdup(reader, value->text);
	else
		config_fail(reader, value, path, "an absolute path");
}

static void read_list(struct config_reader *reader, const struct json *value, const char *path,
		      void *target, const char *expected, const struct config_type *one)
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
		one->read(reader, member, text("%s[%zu]", path, n), &list[n]);
		n++;
	}
	if (reader->errors == errors)
		*(const char *const **)target = list;
}

static void read_strings(struct config_reader *reader, const struct json *value, const char *path,
			 void *target)
{
	read_list(reader, value, path, target, "an array of strings", &config_string);
}

static void read_paths(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	static const struct config_type one = {.read = read_path};

	read_list(reader, value, path, target, "an array of absolute paths", &one);
}

static void show_strings(const void *target, FILE *out)
{
	const char *const *list = *(const char *const *const *)target;

	putc('[', out);
	for (size_t i = 0; list[i]; i++) {
		if (i)
			fputs(", ", out);
		config_show_string(list[i], out);
	}
	putc(']', out);
}

const struct config_type config_strings = {read_strings, show_strings, NULL};
const struct config_type config_paths = {read_paths, show_strings, NULL};

/* --- sizes ----------------------------------------------------------------------------------- */

#define A_SIZE "a size, as in \"42G\" or \"1.5T\""

static void take_size(struct config_reader *reader, const struct json *value, const char *path,
		      const char *expected, uint64_t *target)
{
	struct why unused;
	uint64_t bytes;

	if (is_text(value) && size_parse(value->text, &bytes, &unused) == 0 && bytes > 0)
		*target = bytes;
	else
		config_fail(reader, value, path, expected);
}

static void read_size(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	take_size(reader, value, path, A_SIZE, target);
}

void config_read_optional_size(struct config_reader *reader, const struct json *value,
			       const char *path, void *target)
{
	if (value->type == JSON_NULL)
		*(uint64_t *)target = 0;
	else
		take_size(reader, value, path, A_SIZE ", or null for none", target);
}

void config_show_size(uint64_t bytes, FILE *out)
{
	if (bytes)
		fprintf(out, "\"%s\"", size_exact(bytes));
	else
		fputs("null", out);
}

static void show_size(const void *target, FILE *out)
{
	config_show_size(*(const uint64_t *)target, out);
}

static bool is_size_set(const void *target)
{
	return *(const uint64_t *)target > 0;
}

const struct config_type config_size = {read_size, show_size, is_size_set};
const struct config_type config_optional_size = {config_read_optional_size, show_size, NULL};

/* --- numbers --------------------------------------------------------------------------------- */

static void read_percent(struct config_reader *reader, const struct json *value, const char *path,
			 void *target)
{
	uint64_t n;

	if (value->type == JSON_NUMBER && decimal_parse(value->text, 0, 100, &n) == 0 && n > 0)
		*(unsigned int *)target = (unsigned int)n;
	else
		config_fail(reader, value, path, "a whole number from 1 to 100");
}

static void show_percent(const void *target, FILE *out)
{
	fprintf(out, "%u", *(const unsigned int *)target);
}

const struct config_type config_percent = {read_percent, show_percent, NULL};

static void read_ratio(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	uint64_t n;

	if (value->type == JSON_NUMBER && decimal_parse(value->text, 3, MAX_THOUSANDTHS, &n) == 0)
		*(uint64_t *)target = n;
	else
		config_fail(
			reader, value, path,
			"a number such as 2 or 1.5 (three decimals at most), or 0 for no limit");
}

static void show_ratio(const void *target, FILE *out)
{
	fputs(thousandths_format(*(const uint64_t *)target), out);
}

const struct config_type config_ratio = {read_ratio, show_ratio, NULL};

static void take_duration(struct config_reader *reader, const struct json *value, const char *path,
			  uint64_t min_ms, uint64_t max_ms, const char *example, uint64_t *target)
{
	uint64_t ms;

	if (is_text(value) && duration_parse(value->text, &ms) == 0 && ms >= min_ms && ms <= max_ms)
		*target = ms;
	else
		config_fail(reader, value, path,
			    text("a time from \"%s\" to \"%s\", as in \"%s\"",
				 duration_format(min_ms), duration_format(max_ms), example));
}

static void read_time(struct config_reader *reader, const struct json *value, const char *path,
		      void *target)
{
	take_duration(reader, value, path, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS, "10s", target);
}

static void read_pause(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	take_duration(reader, value, path, MIN_PAUSE_MS, MAX_PAUSE_MS, "30s", target);
}

static void show_duration(const void *target, FILE *out)
{
	fprintf(out, "\"%s\"", duration_format(*(const uint64_t *)target));
}

static bool is_duration_set(const void *target)
{
	return *(const uint64_t *)target > 0;
}

const struct config_type config_time = {read_time, show_duration, NULL};
const struct config_type config_pause = {read_pause, show_duration, is_duration_set};
