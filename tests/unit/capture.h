/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Captures what a function writes to stdout or stderr. */

#include "unit.h"

struct capture {
	FILE *stream;
	int fd, old;
	char text[16384];
};

static inline void capture_begin(struct capture *capture, FILE *stream)
{
	fflush(stream);
	capture->stream = stream;
	capture->fd = memfd_create("capture", MFD_CLOEXEC);
	capture->old = dup(fileno(stream));
	assert_true(capture->fd >= 0 && capture->old >= 0);
	assert_true(dup2(capture->fd, fileno(stream)) >= 0);
}

/* The text lives as long as @capture. */
static inline const char *capture_end(struct capture *capture)
{
	ssize_t n;

	fflush(capture->stream);
	assert_true(dup2(capture->old, fileno(capture->stream)) >= 0);
	n = pread(capture->fd, capture->text, sizeof(capture->text) - 1, 0);
	assert_true(n >= 0 && n < (ssize_t)sizeof(capture->text) - 1);
	capture->text[n] = '\0';
	close(capture->fd);
	close(capture->old);
	return capture->text;
}
