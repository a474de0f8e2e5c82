/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What enable or disable is going to do to the files of an engine: decided first, then done. */

#include "setup/edit.h"
#include "setup/place.h"
#include "setup/setup.h"

/*
 * Puts the file @name (setup/place.h) into the plan, with what is in it now. One that is in the
 * plan already, by this name or another, is returned as the plan has it.
 */
int change_read(const struct setup_place *place, const char *name, struct setup_plan *plan,
		struct setup_file **ret, struct why *why);

/*
 * What the file was before enable, as kept beside it: 1 and *ret, 0 if there is no such file.
 * *ret->text is to be freed.
 */
int change_backup(const struct setup_file *file, struct edit_text *ret, struct why *why);

/* The name of that file, to be freed. */
#define CHANGE_BACKUP ".oci-thin-grow-backup"
char *change_backup_path(const struct setup_file *file);

/* The file's new content, which the plan owns from now on. NULL: it shall not be there. */
void change_set(struct setup_file *file, char *text, size_t len);

/* A line for the operator. */
void change_note(struct setup_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same bytes? Two texts that are not there are the same, too. */
bool change_same(const char *a, size_t a_len, const char *b, size_t b_len);
