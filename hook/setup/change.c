/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/change.h"

#include "base/cleanup.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

/* A link stays; where it leads to is what is changed. */
int plan_read(const struct setup_place *place, const char *name, struct setup_plan *plan,
	      struct setup_file **ret, struct why *why)
{
	struct setup_file *file = &plan->files[plan->n_files];
	int r;

	*file = (struct setup_file){0};
	r = place_resolve(place, name, &file->path);
	if (r < 0)
		return why_set(why, -r, "%s: %s", name, strerror(-r));
	plan->n_files++;
	r = place_read_path(file->path, &file->old, &file->old_len, why);
	if (r < 0)
		return r;
	if (r > 0) {
		struct edit_text copy;

		if (edit_copy(file->old, file->old_len, &copy) < 0)
			return why_set(why, ENOMEM, "out of memory");
		plan_set(file, copy.text, copy.len);
	}
	*ret = file;
	return 0;
}

int plan_backup(const struct setup_file *file, struct edit_text *ret, struct why *why)
{
	_cleanup_free_ char *path = plan_backup_path(file);

	if (!path)
		return why_set(why, ENOMEM, "out of memory");
	return place_read_path(path, &ret->text, &ret->len, why);
}

char *plan_backup_path(const struct setup_file *file)
{
	char *path;

	return asprintf(&path, "%s" PLAN_BACKUP, file->path) < 0 ? NULL : path;
}

void plan_set(struct setup_file *file, char *text, size_t len)
{
	free(file->new);
	file->new = text;
	file->new_len = len;
}

void plan_note(struct setup_plan *plan, const char *format, ...)
{
	struct why *note = &plan->notes[plan->n_notes];
	va_list ap;

	if (plan->n_notes == SETUP_MAX_NOTES)
		return;
	va_start(ap, format);
	if (vsnprintf(note->text, sizeof(note->text), format, ap) >= 0)
		plan->n_notes++;
	va_end(ap);
}

bool plan_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (!a || !b)
		return !a && !b;
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool setup_file_changes(const struct setup_file *file)
{
	return !plan_same(file->old, file->old_len, file->new, file->new_len);
}

bool setup_plan_changes(const struct setup_plan *plan)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		if (setup_file_changes(&plan->files[i]))
			return true;
	}
	return false;
}

void setup_plan_free(struct setup_plan *plan)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		free(plan->files[i].path);
		free(plan->files[i].old);
		free(plan->files[i].new);
	}
	*plan = (struct setup_plan){0};
}
