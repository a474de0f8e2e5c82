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

#define TEMPORARY	".%s.oci-thin-grow-new"
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

/* The path of the backup of the file @path. */
static int find_backup(const struct setup_place *place, const char *path, char **ret)
{
	_cleanup_free_ char *root = NULL, *backup = NULL, *name = NULL;
	const char *inside = place_inside(place, path, &root);

	backup = root ? text_new(CHANGE_BACKUPS "%s", inside ? inside : path) : NULL;
	name = backup ? place_name(place, backup) : NULL;
	return name ? place_resolve(place, name, ret) : -ENOMEM;
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
	if (!file)
		return -E2BIG;
	r = find_backup(place, file->path, &file->backup);
	if (r < 0)
		return why_set(why, -r, "%s: no place for a backup: %s", name, strerror(-r));
	r = read_planned(file, why);
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

int change_backup(const struct setup_place *place, const char *path, struct edit_text *ret,
		  struct why *why)
{
	_cleanup_free_ char *backup = NULL, *beside = text_new("%s" CHANGE_BESIDE, path);
	int r = beside ? find_backup(place, path, &backup) : -ENOMEM;

	if (r < 0)
		return why_set(why, -r, "%s: no place for a backup: %s", path, strerror(-r));
	r = place_read_path(backup, &ret->text, &ret->len, why);
	return r == 0 ? place_read_path(beside, &ret->text, &ret->len, why) : r;
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
		free(plan->files[i].backup);
		free(plan->files[i].old);
		free(plan->files[i].new);
	}
	free(plan->handler);
	*plan = (struct setup_plan){0};
}

/* --- replacing atomically -------------------------------------------------------------------- */

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

/*
 * Replaces @name with @text atomically, with owner, mode and attributes of @model. @temporary: what
 * it is called until it is complete; NULL: out of memory.
 */
static int exchange(int dir_fd, const char *name, const char *model, const char *text, size_t len,
		    const char *temporary)
{
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
	_cleanup_free_ char *temporary = text_new(TEMPORARY, name);
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

/* --- backups --------------------------------------------------------------------------------- */

/* Opens the directory of the file @path, which is created if @create. */
static int open_directory(const char *path, bool create)
{
	_cleanup_free_ char *copy = strdup(path);
	const char *directory = copy ? dirname(copy) : NULL;
	int fd, r = directory ? 0 : -ENOMEM;

	if (r == 0 && create)
		r = file_make_directory(directory, DIRECTORY_MODE);
	if (r < 0)
		return r;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int keep_backup(const struct setup_file *file)
{
	const char *name = strrchr(file->backup, '/') + 1;
	_cleanup_close_ int dir_fd = open_directory(file->backup, true);
	_cleanup_free_ char *temporary = text_new(TEMPORARY, name);

	return dir_fd < 0 ? dir_fd
			  : exchange(dir_fd, name, file->path, file->old, file->old_len, temporary);
}

/* Removes directories that are empty now, up to CHANGE_BACKUPS. */
static void remove_directories(const struct setup_file *file)
{
	_cleanup_free_ char *path = file->backup ? strdup(file->backup) : NULL;
	const char *top = path ? strstr(path, CHANGE_BACKUPS) : NULL;
	char *end;

	while (top && (end = strrchr(path, '/')) > top + strlen(CONFIG_DIR)) {
		*end = '\0';
		if (rmdir(path) < 0 && errno != ENOENT)
			return;
	}
}

static int remove_path(const char *path)
{
	_cleanup_close_ int dir_fd = open_directory(path, false);

	if (dir_fd < 0)
		return dir_fd == -ENOENT ? 0 : dir_fd;
	return remove_durably(dir_fd, strrchr(path, '/') + 1);
}

static int remove_backup(const struct setup_file *file)
{
	_cleanup_free_ char *beside = text_new("%s" CHANGE_BESIDE, file->path);
	int r = beside ? remove_path(file->backup) : -ENOMEM;

	return r < 0 ? r : remove_path(beside);
}

/* --- changing: the backup, then the file ----------------------------------------------------- */

/* Some engines read all files of a directory: what is not complete must not be in one. */
static int write_entry(int dir_fd, const char *name, const struct setup_file *file)
{
	_cleanup_free_ char *away = text_new("%s.oci-thin-grow-new", file->backup);
	_cleanup_free_ char *beside = text_new(TEMPORARY, name);
	_cleanup_close_ int away_fd = open_directory(file->backup, true);
	int r = away_fd < 0 ? away_fd
			    : exchange(dir_fd, name, name, file->new, file->new_len, away);

	if (r == -EXDEV || r == -EROFS)
		r = exchange(dir_fd, name, name, file->new, file->new_len, beside);
	return r;
}

static int change_entry(int dir_fd, const char *name, const struct setup_file *file)
{
	if (!setup_file_changes(file))
		return 0;
	if (!file->new)
		return remove_durably(dir_fd, name);
	return file->is_link ? exchange_link(dir_fd, name, file->new)
			     : write_entry(dir_fd, name, file);
}

/* *ret_at: what the result is about. */
static int apply_file(const struct setup_file *file, const char **ret_at)
{
	const char *slash = strrchr(file->path, '/'), *name = slash ? slash + 1 : "";
	_cleanup_close_ int dir_fd = open_directory(file->path, file->new != NULL);
	int r;

	*ret_at = file->path;
	if (dir_fd < 0)
		return dir_fd == -ENOENT && !file->new ? 0 : dir_fd;
	r = check_unchanged(dir_fd, name, file);
	if (r == 0 && file->keep_backup) {
		*ret_at = file->backup;
		r = file->old ? keep_backup(file) : remove_backup(file);
	}
	if (r < 0)
		return r;
	*ret_at = file->path;
	r = change_entry(dir_fd, name, file);
	if (r < 0 || !file->remove_backup)
		return r;
	*ret_at = file->backup;
	return remove_backup(file);
}

int setup_apply(const struct setup_plan *plan, struct why *why)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		const char *at = NULL;
		int r = apply_file(&plan->files[i], &at);

		remove_directories(&plan->files[i]);
		if (r == -EAGAIN)
			return why_set(why, EAGAIN,
				       "%s: another program changed it meanwhile; run the same "
				       "command again",
				       at);
		if (r == -EBUSY)
			return why_set(why, EBUSY, "%s: cannot replace: it is a mount point", at);
		if (r < 0)
			return why_set(why, -r, "%s: %s", at, strerror(-r));
	}
	return 0;
}
