/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/change.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define NEW_MODE	0644
#define DIRECTORY_MODE	0755
#define MAX_NAMES_BYTES 4096
#define MAX_VALUE_BYTES 65536

/* NULL: the plan does not have the file @path. */
static struct setup_file *find_planned(struct setup_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		if (strcmp(plan->files[i].path, path) == 0)
			return &plan->files[i];
	}
	return NULL;
}

static int read_planned(struct setup_file *file, struct why *why)
{
	int r = place_read_path(file->path, &file->old, &file->old_len, why);
	struct edit_text copy;

	if (r <= 0)
		return r;
	if (edit_copy(file->old, file->old_len, &copy) < 0)
		return why_no_memory(why);
	change_set(file, copy.text, copy.len);
	return 0;
}

/* Takes the path over. NULL: too many files. */
static struct setup_file *add_file(struct setup_plan *plan, char **path, struct why *why)
{
	struct setup_file *file = &plan->files[plan->n_files];

	if (plan->n_files == SETUP_MAX_FILES) {
		why_set(why, E2BIG, "%s: too many files to change", *path);
		return NULL;
	}
	plan->n_files++;
	*file = (struct setup_file){.path = TAKE_PTR(*path)};
	return file;
}

/* A link stays: its target is what is changed. */
int change_read(const struct setup_place *place, const char *name, struct setup_plan *plan,
		struct setup_file **ret, struct why *why)
{
	_cleanup_free_ char *path = NULL;
	struct setup_file *file;
	int r = place_resolve(place, name, &path);

	if (r < 0)
		return why_set(why, -r, "%s: %s", name, strerror(-r));
	*ret = find_planned(plan, path);
	if (*ret)
		return 0;
	file = add_file(plan, &path, why);
	r = file ? read_planned(file, why) : -E2BIG;
	if (r == 0)
		*ret = file;
	return r;
}

/* Where the link leads to, to be freed. -EINVAL: it is not a link. */
static int read_link(int dir_fd, const char *name, char **ret)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir_fd, name, target, sizeof(target));

	if (len < 0)
		return -errno;
	*ret = strndup(target, (size_t)len);
	return *ret ? 0 : -ENOMEM;
}

int change_link(const struct setup_place *place, const char *name, const char *target,
		struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *path = NULL, *old = NULL, *new = text_new("%s", target);
	struct setup_file *file;
	int r = new ? place_resolve_link(place, name, &path) : -ENOMEM;

	if (r == 0)
		r = read_link(AT_FDCWD, path, &old);
	if (r == -EINVAL)
		return why_set(why, EEXIST, "%s: exists and is not a link", path);
	if (r < 0 && r != -ENOENT)
		return why_set(why, -r, "%s: %s", name, strerror(-r));
	file = add_file(plan, &path, why);
	if (!file)
		return -E2BIG;
	file->is_link = true;
	file->old_len = old ? strlen(old) : 0;
	file->old = TAKE_PTR(old);
	change_set(file, TAKE_PTR(new), strlen(target));
	return 0;
}

int change_backup(const struct setup_file *file, struct edit_text *ret, struct why *why)
{
	_cleanup_free_ char *path = change_backup_path(file);

	if (!path)
		return why_no_memory(why);
	return place_read_path(path, &ret->text, &ret->len, why);
}

char *change_backup_path(const struct setup_file *file)
{
	return text_new("%s" CHANGE_BACKUP, file->path);
}

void change_set(struct setup_file *file, char *text, size_t len)
{
	free(file->new);
	file->new = text;
	file->new_len = len;
}

void change_note(struct setup_plan *plan, const char *format, ...)
{
	struct text *note = &plan->notes[plan->n_notes];
	va_list ap;

	if (plan->n_notes == SETUP_MAX_NOTES)
		return;
	va_start(ap, format);
	if (vsnprintf(note->s, sizeof(note->s), format, ap) >= 0)
		plan->n_notes++;
	va_end(ap);
}

bool change_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (!a || !b)
		return !a && !b;
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool setup_file_changes(const struct setup_file *file)
{
	return !change_same(file->old, file->old_len, file->new, file->new_len);
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
	free(plan->handler);
	*plan = (struct setup_plan){0};
}

/* --- changing: the backup, then the file, each replaced atomically --------------------------- */

/* SELinux labels, too. A filesystem may have no attributes. */
static int copy_xattrs(int from, int to)
{
	_cleanup_free_ char *names = malloc(MAX_NAMES_BYTES + MAX_VALUE_BYTES);
	char *value;
	ssize_t len;

	if (!names)
		return -ENOMEM;
	value = names + MAX_NAMES_BYTES;
	len = flistxattr(from, names, MAX_NAMES_BYTES);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t n = fgetxattr(from, names + at, value, MAX_VALUE_BYTES);

		if (n < 0 || fsetxattr(to, names + at, value, (size_t)n, 0) < 0)
			return -errno;
	}
	return 0;
}

/* Gives the new file @to owner, mode and attributes of @from, which may be missing. */
static int copy_looks(int dir_fd, const char *from, const char *to)
{
	_cleanup_close_ int old = openat(dir_fd, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = old < 0 ? -errno : 0;
	_cleanup_close_ int new = openat(dir_fd, to, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st = {.st_mode = NEW_MODE, .st_uid = geteuid(), .st_gid = getegid()};

	if (new < 0)
		return -errno;
	if (r < 0 && r != -ENOENT)
		return r;
	if (old >= 0 && fstat(old, &st) < 0)
		return -errno;
	if (fchown(new, st.st_uid, st.st_gid) < 0 || fchmod(new, st.st_mode & 07777) < 0)
		return -errno;
	r = old < 0 ? 0 : copy_xattrs(old, new);
	if (r < 0)
		return r;
	return fsync(new) < 0 ? -errno : 0;
}

/* Replaces @name with @text atomically, with owner, mode and attributes of @model. */
static int exchange(int dir_fd, const char *name, const char *model, const char *text, size_t len)
{
	_cleanup_free_ char *temporary = text_new(".%s.oci-thin-grow-new", name);
	int r;

	if (!temporary)
		return -ENOMEM;
	unlinkat(dir_fd, temporary, 0); /* of an earlier run that was killed */
	r = file_write_new(dir_fd, temporary, 0600, text, len);
	if (r == 0)
		r = copy_looks(dir_fd, model, temporary);
	return file_put_in_place(dir_fd, temporary, name, r, true);
}

static int exchange_link(int dir_fd, const char *name, const char *target)
{
	_cleanup_free_ char *temporary = text_new(".%s.oci-thin-grow-new", name);
	int r;

	if (!temporary)
		return -ENOMEM;
	unlinkat(dir_fd, temporary, 0); /* of a run that was killed */
	r = symlinkat(target, dir_fd, temporary) < 0 ? -errno : 0;
	return file_put_in_place(dir_fd, temporary, name, r, true);
}

static int remove_durably(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(dir_fd) < 0 ? -errno : 0;
}

static int check_unchanged(int dir_fd, const char *name, const struct setup_file *file)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = file->is_link ? read_link(dir_fd, name, &text)
			      : file_read_at(dir_fd, name, file->old_len, &text, &len);

	if (r < 0 && r != -ENOENT && r != -EFBIG)
		return r;
	if (file->is_link && text)
		len = strlen(text);
	return r != -EFBIG && change_same(text, len, file->old, file->old_len) ? 0 : -EAGAIN;
}

static int change_entry(int dir_fd, const char *name, const char *backup,
			const struct setup_file *file)
{
	int r = check_unchanged(dir_fd, name, file);

	if (r == 0 && file->keep_backup && file->old)
		r = exchange(dir_fd, backup, name, file->old, file->old_len);
	if (r < 0 || !setup_file_changes(file))
		return r;
	if (!file->new)
		return remove_durably(dir_fd, name);
	return file->is_link ? exchange_link(dir_fd, name, file->new)
			     : exchange(dir_fd, name, name, file->new, file->new_len);
}

/* Opens the file's directory, which is created if the file is to exist. @copy: its path. */
static int open_directory(const struct setup_file *file, char *copy)
{
	const char *directory = dirname(copy);
	int fd, r;

	r = file->new ? file_make_directory(directory, DIRECTORY_MODE) : 0;
	if (r < 0)
		return r;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int apply_file(const struct setup_file *file)
{
	const char *name = strrchr(file->path, '/');
	_cleanup_free_ char *copy = NULL, *backup = NULL;
	_cleanup_close_ int dir_fd = -EBADF;
	int r;

	if (!name)
		return -EINVAL;
	copy = strdup(file->path);
	backup = change_backup_path(file);
	if (!copy || !backup)
		return -ENOMEM;
	dir_fd = open_directory(file, copy);
	if (dir_fd < 0)
		return dir_fd == -ENOENT && !file->new ? 0 : dir_fd;
	r = change_entry(dir_fd, name + 1, strrchr(backup, '/') + 1, file);
	if (r == 0 && file->remove_backup)
		r = remove_durably(dir_fd, strrchr(backup, '/') + 1);
	return r;
}

int setup_apply(const struct setup_plan *plan, struct why *why)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		int r = apply_file(&plan->files[i]);

		if (r == -EAGAIN)
			return why_set(why, EAGAIN,
				       "%s: another program changed it meanwhile; run the same "
				       "command again",
				       plan->files[i].path);
		if (r == -EBUSY)
			return why_set(why, EBUSY, "%s: cannot replace: it is a mount point",
				       plan->files[i].path);
		if (r < 0)
			return why_set(why, -r, "%s: %s", plan->files[i].path, strerror(-r));
	}
	return 0;
}
