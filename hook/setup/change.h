/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Changes to an engine's files: decided first, then made. */

#include "setup/edit.h"
#include "setup/place.h"
#include "setup/setup.h"

/*
 * Adds the file @name (setup/place.h) to the plan, with its present content. A file that is in the
 * plan already, by whatever name, is returned as the plan changes it. 0 or -errno with a reason.
 */
int change_read(const struct setup_place *place, const char *name, struct setup_plan *plan,
		struct setup_file **ret, struct why *why);

/* Puts the link @name to @target into the plan. -EEXIST: it exists and is not a link. */
int change_link(const struct setup_place *place, const char *name, const char *target,
		struct setup_plan *plan, struct why *why);

/*
 * The old content of the file @path (without links) that enable kept: below CHANGE_BACKUPS, at the
 * file's own path, since engines that read all files of a directory would read a backup there, too.
 * It was once kept as the file's path with CHANGE_BESIDE, and is still found there. 1 and *ret, to
 * be freed; 0: there is none; -errno with a reason.
 */
#define CHANGE_BACKUPS CONFIG_DIR "/backup"
#define CHANGE_BESIDE  ".oci-thin-grow-backup"
int change_backup(const struct setup_place *place, const char *path, struct edit_text *ret,
		  struct why *why);

/* Sets the file's new content, which the plan then owns. NULL: remove the file. */
void change_set(struct setup_file *file, char *text, size_t len);

/* Adds a line for the operator. */
void change_note(struct setup_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Does the plan change anything? Does it change this file? */
bool setup_plan_changes(const struct setup_plan *plan);
bool setup_file_changes(const struct setup_file *file);

/*
 * Changes the files, each atomically; if it is killed, running it again finishes. 0 or -errno with
 * a reason; -EAGAIN: another program has changed a file meanwhile.
 */
int setup_apply(const struct setup_plan *plan, struct why *why);
void setup_plan_free(struct setup_plan *plan);

/* Are these the same bytes? Two NULLs are. */
bool change_same(const char *a, size_t a_len, const char *b, size_t b_len);
