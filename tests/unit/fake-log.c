/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-log.h"

#include "unit.h"

#include <syslog.h>

struct fake_syslog fake_syslog;

/* What syslog() becomes with _FORTIFY_SOURCE. */
void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void __wrap_syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void keep(int priority, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void keep(int priority, const char *format, va_list ap)
{
	fake_syslog.lines++;
	fake_syslog.priority = priority;
	vsnprintf(fake_syslog.text, sizeof(fake_syslog.text), format, ap);
}

void __wrap_syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	keep(priority, format, ap);
	va_end(ap);
}

void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, format);
	keep(priority, format, ap);
	va_end(ap);
}
