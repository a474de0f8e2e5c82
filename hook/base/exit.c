/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit.h"

#include "base/log.h"
#include "base/text.h"

int exit_usage(const char *command, const char *format, ...)
{
	struct text what;
	va_list ap;

	va_start(ap, format);
	text_list(&what, format, ap);
	va_end(ap);
	log_stderr("%s: %s; see oci-thin-grow %s --help", command, what.s, command);
	return EXIT_USAGE;
}
