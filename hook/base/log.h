/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Logging to syslog (facility daemon) and stderr. Only role/, daemon/ and job/ log; other modules
 * return reasons (base/why.h).
 *
 * One line per decision, in logfmt: `action=grow container=c1 ... took_ms=12`. Values with special
 * characters are quoted and escaped (base/quote.h).
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <syslog.h>

/* The program's one global: its identity in the log. @verbose: debug lines go to stderr. */
void log_init(bool verbose);

/* Was --verbose given? */
bool log_is_verbose(void);

struct log_line {
	FILE *stream; /* NULL: out of memory, the line is lost */
	char *text;
	size_t size;
};

void log_begin(struct log_line *line, const char *action);
void log_add(struct log_line *line, const char *key, const char *value);
void log_add_u64(struct log_line *line, const char *key, uint64_t value);

/* Sends the line to syslog with @priority (LOG_INFO, ...) and releases it. */
void log_end(struct log_line *line, int priority);

/* One line on stderr, prefixed with the program's name. */
void log_stderr(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line on stderr, if --verbose was given. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
