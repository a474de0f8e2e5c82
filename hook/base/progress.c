/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include "base/deadline.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/terminal.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_COLUMNS 24
#define BAR_COLUMNS  16

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

void progress_begin(struct progress *progress)
{
	const struct sigaction action = {.sa_handler = on_interrupt};

	*progress = (struct progress){.terminal = terminal_moves(stderr)};
	interrupted = 0;
	sigaction(SIGINT, &action, &progress->old_int);
	sigaction(SIGTERM, &action, &progress->old_term);
}

void progress_end(struct progress *progress)
{
	sigaction(SIGINT, &progress->old_int, NULL);
	sigaction(SIGTERM, &progress->old_term, NULL);
	progress_clear(progress);
}

void progress_clear(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\x1b[K", stderr);
	progress->drawn = false;
}

bool progress_is_interrupted(void)
{
	return interrupted;
}

/* A long name is shortened in its middle. */
static const char *short_name(const char *name, struct text *out)
{
	const char *shown = quote_unless_printable(name);
	size_t len = strlen(shown);

	if (len <= NAME_COLUMNS)
		return text_into(out, "%s", shown);
	return text_into(out, "%.*s~%s", NAME_COLUMNS / 2, shown,
			 shown + len - (NAME_COLUMNS / 2 - 1));
}

static const char *time_left(uint64_t ms, struct text *out)
{
	uint64_t seconds = (ms + 999) / 1000;

	if (seconds == 0)
		return "";
	if (seconds < 60)
		return text_into(out, ", %" PRIu64 " s left", seconds);
	if (seconds < 3600)
		return text_into(out, ", %" PRIu64 " min left", seconds / 60);
	return text_into(out, ", %" PRIu64 " h left", seconds / 3600);
}

void progress_format(const char *name, uint64_t done_bytes, uint64_t all_bytes, uint64_t left_ms,
		     char out[PROGRESS_LINE_BYTES])
{
	unsigned int filled, percent;
	char bar[BAR_COLUMNS + 1];
	struct text shown, left;

	if (done_bytes > all_bytes || all_bytes == 0)
		done_bytes = all_bytes = 1;
	filled = (unsigned int)((unsigned __int128)done_bytes * BAR_COLUMNS / all_bytes);
	percent = (unsigned int)((unsigned __int128)done_bytes * 100 / all_bytes);
	memset(bar, ' ', BAR_COLUMNS);
	memset(bar, '#', filled);
	bar[BAR_COLUMNS] = '\0';
	snprintf(out, PROGRESS_LINE_BYTES, "%s [%s] %3u %% of %s%s", short_name(name, &shown), bar,
		 percent, size_format(all_bytes), time_left(left_ms, &left));
}

/* Assumes that the rest takes as long per byte as all since the first step. */
static uint64_t left_ms(struct progress *progress, uint64_t done_bytes, uint64_t all_bytes)
{
	uint64_t now = now_ms();

	if (!progress->begin_ms) {
		progress->begin_ms = now;
		progress->begin_bytes = done_bytes;
	}
	if (done_bytes <= progress->begin_bytes || done_bytes >= all_bytes)
		return 0;
	return (uint64_t)((unsigned __int128)(now - progress->begin_ms) * (all_bytes - done_bytes) /
			  (done_bytes - progress->begin_bytes));
}

void progress_of(struct progress *progress, const char *name)
{
	progress->name = name;
	progress->begin_ms = 0;
}

bool progress_step(uint64_t done_bytes, uint64_t all_bytes, void *context)
{
	struct progress *progress = context;
	char line[PROGRESS_LINE_BYTES];

	if (progress->terminal) {
		progress_format(progress->name, done_bytes, all_bytes,
				left_ms(progress, done_bytes, all_bytes), line);
		fprintf(stderr, "\r%s\x1b[K", line);
		progress->drawn = true;
	}
	return !interrupted;
}
