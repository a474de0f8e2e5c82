/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The runtime, and the shims, that the last sound configuration led to: a container must be
 * operated with the program that created it, even while the configuration is broken. Symbolic links
 * in STATE_DIR, "runtime" and "shim-NAME", whose targets are the programs' paths. They are trusted
 * only if the directory belongs to root or us and nobody else can write to it.
 */

#include <stdbool.h>

#define STATE_DIR "/var/lib/oci-thin-grow"

/* 0 and the path, which the caller frees; -ENOENT: none is remembered; -errno. */
int last_program_read(const char *state_dir, const char *link, char **ret);

/*
 * Remembers @program, durably; writes only if another one, or none, is remembered. A program that
 * cannot be executed is a mistake and is not remembered. 0 or -errno.
 */
int last_program_note(const char *state_dir, const char *link, const char *program);

/* What the configuration leads to. */
struct program_choice {
	const char *program; /* NULL: nothing */
	bool is_named;	     /* a file names it, in a value that could be read */
	bool broken;	     /* something else in the files could not */
};

/*
 * The program to use. If the configuration is sound, its program is used and remembered. If it is
 * broken: the remembered one, which is *ret_remembered, to be freed; without one, the
 * configuration's, and so, if a file names that, where the remembered one cannot be executed.
 */
const char *last_program_choose(const char *state_dir, const char *link,
				const struct program_choice *choice, char **ret_remembered);
