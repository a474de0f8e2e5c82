/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/plan.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES (1UL << 20)

/* 1 and the text; 0: no such file. */
static int read_text(const char *path, char **ret_text, size_t *ret_len, struct why *why)
{
	int r = file_read_at(AT_FDCWD, path, MAX_BYTES, ret_text, ret_len);

	if (r == -ENOENT)
		return 0;
	if (r == -EFBIG)
		return why_set(why, EINVAL, "%s: longer than such a file can be", path);
	if (r < 0)
		return why_set(why, -r, "%s: %s", path, strerror(-r));
	return 1;
}

/* Where a link leads to is what is changed; the link stays. */
static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real || errno != ENOENT)
		return real;
	if (lstat(path, &st) < 0)
		return strdup(path);
	errno = ENOENT; /* a link to nowhere */
	return NULL;
}

int plan_read(struct setup_plan *plan, const char *path, struct setup_file **ret, struct why *why)
{
	struct setup_file *file = &plan->files[plan->n_files];
	int r;

	*file = (struct setup_file){.path = resolve(path)};
	if (!file->path)
		return why_set(why, errno, "%s: %s", path, strerror(errno));
	plan->n_files++;
	r = read_text(file->path, &file->old, &file->old_len, why);
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
	return read_text(path, &ret->text, &ret->len, why);
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
