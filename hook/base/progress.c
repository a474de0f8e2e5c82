/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include "base/size.h"
#include "base/terminal.h"

#include <stdio.h>
#include <string.h>

#define BAR_COLUMNS 40

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

void progress_format(uint64_t done_bytes, uint64_t all_bytes, char out[PROGRESS_LINE_BYTES])
{
	unsigned int filled, percent;
	char bar[BAR_COLUMNS + 1];

	if (done_bytes > all_bytes || all_bytes == 0)
		done_bytes = all_bytes = 1;
	filled = (unsigned int)((unsigned __int128)done_bytes * BAR_COLUMNS / all_bytes);
	percent = (unsigned int)((unsigned __int128)done_bytes * 100 / all_bytes);
	memset(bar, ' ', BAR_COLUMNS);
	memset(bar, '#', filled);
	bar[BAR_COLUMNS] = '\0';
	snprintf(out, PROGRESS_LINE_BYTES, "[%s] %3u %% of %s", bar, percent,
		 size_format(all_bytes));
}

bool progress_step(uint64_t done_bytes, uint64_t all_bytes, void *context)
{
	struct progress *progress = context;
	char line[PROGRESS_LINE_BYTES];

	if (progress->terminal) {
		progress_format(done_bytes, all_bytes, line);
		fprintf(stderr, "\r%s", line);
		progress->drawn = true;
	}
	return !interrupted;
}
