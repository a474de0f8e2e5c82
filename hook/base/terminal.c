/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80 /* a serial console does not report its size */

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") == 0;
}

int terminal_clear_environment(void)
{
	bool no_colours = is_set("NO_COLOR"), dumb = is_dumb();

	if (clearenv() != 0 || (no_colours && setenv("NO_COLOR", "1", 1) < 0) ||
	    (dumb && setenv("TERM", "dumb", 1) < 0))
		return -ENOMEM;
	return 0;
}

bool terminal_moves(FILE *out)
{
	return isatty(fileno(out)) == 1 && !is_dumb();
}

unsigned int terminal_columns(FILE *out)
{
	struct winsize size;

	if (isatty(fileno(out)) != 1)
		return 0;
	return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
									 : DEFAULT_COLUMNS;
}

bool terminal_has_colours(FILE *out)
{
	return terminal_moves(out) && !is_set("NO_COLOR");
}

void terminal_wrap(FILE *out, const char *text, unsigned int column,
		   const struct terminal_margins *margins)
{
	for (bool begin = true; *text; begin = false) {
		unsigned int len = (unsigned int)strcspn(text, " ");

		if (!begin && margins->right && column + 1 + len > margins->right) {
			fprintf(out, "\n%*s", (int)margins->left, "");
			column = margins->left;
		} else if (!begin) {
			putc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)len, text);
		column += len;
		text += len + strspn(text + len, " ");
	}
	putc('\n', out);
}

enum style style_of_use(unsigned int percent)
{
	return percent >= 90 ? STYLE_BAD : percent >= 80 ? STYLE_WARN : STYLE_PLAIN;
}

const char *style_begin(enum style style)
{
	static const char *const sequences[] = {
		[STYLE_PLAIN] = "",	   [STYLE_TITLE] = "\x1b[1m",  [STYLE_GOOD] = "\x1b[32m",
		[STYLE_WARN] = "\x1b[33m", [STYLE_BAD] = "\x1b[1;31m", [STYLE_DIM] = "\x1b[2m",
	};

	return sequences[style];
}

const char *style_end(enum style style)
{
	return style == STYLE_PLAIN ? "" : "\x1b[0m";
}

void terminal_print(FILE *out, enum style style, const char *format, ...)
{
	enum style shown = terminal_has_colours(out) ? style : STYLE_PLAIN;
	va_list ap;

	fputs(style_begin(shown), out);
	va_start(ap, format);
	vfprintf(out, format, ap);
	va_end(ap);
	fputs(style_end(shown), out);
}
