/* SPDX-License-Identifier: Apache-2.0 */
#include "host/prometheus.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <search.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static int compare_samples(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void forget_seen(struct prometheus *p)
{
	tdestroy(p->seen, free);
	p->seen = NULL;
}

static void start_family(struct prometheus *p, const char *name, const char *help, const char *type)
{
	forget_seen(p);
	p->family = name;
	fprintf(p->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void prometheus_family(struct prometheus *p, const char *name, const char *help)
{
	start_family(p, name, help, "gauge");
}

void prometheus_counter(struct prometheus *p, const char *name, const char *help)
{
	start_family(p, name, help, "counter");
}

/* C0 except the newline, for which the format has an escape, DEL and C1. */
static bool is_control(const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)text;

	if (len == 1)
		return (bytes[0] < 0x20 && bytes[0] != '\n') || bytes[0] == 0x7f;
	return len == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0;
}

static void write_character(FILE *out, const char *text, size_t len)
{
	if (len == 0 || is_control(text, len))
		fputs(REPLACEMENT, out);
	else if (*text == '\n')
		fputs("\\n", out);
	else if (*text == '"' || *text == '\\')
		fprintf(out, "\\%c", *text);
	else
		fwrite(text, 1, len, out);
}

static void write_value(FILE *out, const char *value)
{
	size_t at = 0;

	while (value[at]) {
		size_t len = utf8_length(value + at);

		if (at + (len ? len : 1) > PROMETHEUS_VALUE_MAX_BYTES) {
			fputs("...", out);
			return;
		}
		write_character(out, value + at, len);
		at += len ? len : 1;
	}
}

/* `{a="1",b="2"}`; NULL: out of memory */
static char *format_labels(const struct prometheus_label *labels, size_t n)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		fprintf(stream, "%s%s=\"", i ? "," : "{", labels[i].name);
		write_value(stream, labels[i].value ? labels[i].value : "");
		fputc('"', stream);
	}
	if (n)
		fputc('}', stream);
	return fclose(stream) == 0 ? TAKE_PTR(text) : NULL;
}

/* Writes everything except the value; false: the series was already written, or out of memory. */
static bool begin_sample(struct prometheus *p, const struct prometheus_label *labels, size_t n)
{
	_cleanup_free_ char *text = format_labels(labels, n);
	const void *found = text ? tsearch(text, &p->seen, compare_samples) : NULL;

	if (!found) {
		p->no_memory = true;
		return false;
	}
	if (*(char *const *)found != text)
		return false;
	fprintf(p->out, "%s%s ", p->family, TAKE_PTR(text));
	return true;
}

void prometheus_add(struct prometheus *p, const struct prometheus_label *labels, size_t n,
		    uint64_t value)
{
	if (begin_sample(p, labels, n))
		fprintf(p->out, "%" PRIu64 "\n", value);
}

void prometheus_add_ratio(struct prometheus *p, const struct prometheus_label *labels, size_t n,
			  uint64_t part, uint64_t whole)
{
	if (whole && begin_sample(p, labels, n))
		fprintf(p->out, "%.6f\n", (double)part / (double)whole);
}

int prometheus_end(struct prometheus *p)
{
	forget_seen(p);
	if (p->no_memory)
		return -ENOMEM;
	return fflush(p->out) != 0 || ferror(p->out) ? -EIO : 0;
}
