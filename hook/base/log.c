/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/quote.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

static const char identity[] = "oci-thin-grow";
static bool log_verbose;

void log_init(bool verbose)
{
	/* No LOG_NDELAY: a run that logs nothing opens no socket. */
	openlog(identity, LOG_PID, LOG_DAEMON);
	log_verbose = verbose;
}

bool log_is_verbose(void)
{
	return log_verbose;
}

void log_begin(struct log_line *line, const char *action)
{
	*line = (struct log_line){0};
	line->stream = open_memstream(&line->text, &line->size);
	if (line->stream)
		fprintf(line->stream, "action=%s", action);
}

void log_add(struct log_line *line, const char *key, const char *value)
{
	if (!line->stream)
		return;
	fprintf(line->stream, " %s=", key);
	if (quote_is_plain(value))
		fputs(value, line->stream);
	else
		quote_write(line->stream, value);
}

void log_add_u64(struct log_line *line, const char *key, uint64_t value)
{
	if (line->stream)
		fprintf(line->stream, " %s=%" PRIu64, key, value);
}

void log_end(struct log_line *line, int priority)
{
	if (line->stream && fclose(line->stream) == 0) {
		syslog(priority, "%s", line->text);
		log_debug("%s", line->text);
	}
	free(line->text);
	*line = (struct log_line){0};
}

static void print_line(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

static void print_line(const char *format, va_list ap)
{
	flockfile(stderr);
	fprintf(stderr, "%s: ", identity);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void log_stderr(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_line(format, ap);
	va_end(ap);
}

void log_debug(const char *format, ...)
{
	va_list ap;

	if (!log_verbose)
		return;
	va_start(ap, format);
	print_line(format, ap);
	va_end(ap);
}
