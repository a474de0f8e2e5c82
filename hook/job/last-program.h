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

/*
 * The program to use. @program is what the configuration leads to; NULL: nothing. If the
 * configuration is sound, that is used and remembered. If it is @broken: the remembered one, which
 * is *ret_remembered, to be freed; without one, @program.
 */
const char *last_program_choose(const char *state_dir, const char *link, const char *program,
				bool broken, char **ret_remembered);
