/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/place.h"

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/text.h"
#include "setup/edit.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES   (1UL << 20)
#define MAX_ENTRIES 10000

/* The PATH of services: there engines find programs. */
static const char *const program_directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						  "/usr/bin"};

char *place_name(const struct setup_place *place, const char *path)
{
	return text_new("%s%s", place->root ? place->root : "", path);
}

int place_resolve(const struct setup_place *place, const char *name, char **ret)
{
	const char *root = place->root ? place->root : "";
	size_t len = strlen(root);

	while (len > 0 && root[len - 1] == '/')
		len--;
	if (strncmp(name, root, len) == 0 && name[len] == '/')
		return beneath(root, name + len, ret);
	return beneath("", name, ret);
}

int place_resolve_link(const struct setup_place *place, const char *name, char **ret)
{
	const char *slash = strrchr(name, '/');
	_cleanup_free_ char *above = slash ? strndup(name, (size_t)(slash - name)) : NULL,
			    *directory = NULL;
	int r = slash ? -ENOMEM : -EINVAL;

	if (above)
		r = place_resolve(place, above, &directory);
	if (r < 0)
		return r;
	*ret = text_new("%s%s", directory, slash);
	return *ret ? 0 : -ENOMEM;
}

const char *place_inside(const struct setup_place *place, const char *path, char **ret_root)
{
	_cleanup_free_ char *root = NULL;
	size_t len;

	*ret_root = NULL;
	if (beneath("", place->root && *place->root ? place->root : "/", &root) < 0 || !root)
		return NULL;
	len = strlen(root);
	while (len > 0 && root[len - 1] == '/')
		root[--len] = '\0';
	*ret_root = TAKE_PTR(root);
	return strncmp(path, *ret_root, len) == 0 && path[len] == '/' ? path + len : NULL;
}

const struct setup_file *place_planned(const struct setup_place *place, const char *path)
{
	for (size_t i = 0; place->planned && i < place->planned->n_files; i++) {
		if (strcmp(place->planned->files[i].path, path) == 0)
			return &place->planned->files[i];
	}
	return NULL;
}

int place_read_path(const char *path, char **ret_text, size_t *ret_len, struct why *why)
{
	int r = file_read_at(AT_FDCWD, path, MAX_BYTES, ret_text, ret_len);

	if (r == -ENOENT)
		return 0;
	if (r == -EFBIG)
		return why_set(why, EINVAL, "%s: too long for a configuration file", path);
	return r < 0 ? why_set(why, -r, "%s: %s", path, strerror(-r)) : 1;
}

int place_read(const struct setup_place *place, const char *name, char **ret_text, size_t *ret_len,
	       struct why *why)
{
	_cleanup_free_ char *path = NULL;
	const struct setup_file *file;
	struct edit_text copy;
	int r = place_resolve(place, name, &path);

	if (r < 0)
		return why_set(why, -r, "%s: %s", name, strerror(-r));
	file = place_planned(place, path);
	if (!file)
		return place_read_path(path, ret_text, ret_len, why);
	if (!file->new)
		return 0;
	if (edit_copy(file->new, file->new_len, &copy) < 0)
		return why_no_memory(why);
	*ret_text = copy.text;
	*ret_len = copy.len;
	return 1;
}

bool place_has(const struct setup_place *place, const char *name)
{
	_cleanup_free_ char *path = NULL;
	const struct setup_file *file;

	if (place_resolve(place, name, &path) < 0)
		return false;
	file = place_planned(place, path);
	return file ? file->new != NULL : access(path, F_OK) == 0;
}

/* --- directories ----------------------------------------------------------------------------- */

static int add_entry(struct place_entry **entries, int n, const char *name, bool is_directory)
{
	struct place_entry *more = reallocarray(*entries, (size_t)n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*entries = more;
	more[n] = (struct place_entry){.name = strdup(name), .is_directory = is_directory};
	return more[n].name ? n + 1 : -ENOMEM;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct place_entry *)a)->name, ((const struct place_entry *)b)->name);
}

static bool is_directory(DIR *dir, const char *name)
{
	struct stat st;

	return fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int list_directory(const struct setup_place *place, const char *path,
			  struct place_entry **entries)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	for (const struct dirent *e; n >= 0 && n < MAX_ENTRIES && (e = readdir(dir));) {
		_cleanup_free_ char *file = text_new("%s/%s", path, e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (!file)
			n = -ENOMEM;
		else if (!place_planned(place, file))
			n = add_entry(entries, n, e->d_name, is_directory(dir, e->d_name));
	}
	closedir(dir);
	return n;
}

/* The files that the plan puts into the directory @path. */
static int list_planned(const struct setup_place *place, const char *path, int n,
			struct place_entry **entries)
{
	size_t len = strlen(path);

	for (size_t i = 0; n >= 0 && place->planned && i < place->planned->n_files; i++) {
		const struct setup_file *file = &place->planned->files[i];

		if (file->new &&strncmp(file->path, path, len) == 0 && file->path[len] == '/' &&
		    !strchr(file->path + len + 1, '/'))
			n = add_entry(entries, n, file->path + len + 1, false);
	}
	return n;
}

int place_list(const struct setup_place *place, const char *name, struct place_entry **ret,
	       struct why *why)
{
	_cleanup_free_ char *path = NULL;
	struct place_entry *entries = NULL;
	int n = place_resolve(place, name, &path);

	if (n == 0)
		n = list_directory(place, path, &entries);
	if (n >= 0)
		n = list_planned(place, path, n, &entries);
	if (n < 0) {
		free(entries);
		return why_set(why, -n, "%s: %s", name, strerror(-n));
	}
	if (entries)
		qsort(entries, (size_t)n, sizeof(*entries), compare_names);
	*ret = entries;
	return n;
}

void place_list_free(struct place_entry *entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i].name);
	free(entries);
}

/* --- programs -------------------------------------------------------------------------------- */

/* The program's path without links; NULL: it cannot be executed. */
static char *program_at(const struct setup_place *place, const char *path)
{
	_cleanup_free_ char *name = place_name(place, path), *link = NULL, *real = NULL;
	const struct setup_file *file = NULL;
	struct stat st;

	if (name && place->planned && place_resolve_link(place, name, &link) == 0)
		file = place_planned(place, link);
	if (file && file->is_link)
		return file->new ? program_at(place, file->new) : NULL;
	if (!name || place_resolve(place, name, &real) < 0 || stat(real, &st) < 0)
		return NULL;
	return S_ISREG(st.st_mode) && access(real, X_OK) == 0 ? TAKE_PTR(real) : NULL;
}

char *place_find_program(const struct setup_place *place, const char *path)
{
	if (path[0] == '/')
		return program_at(place, path);
	for (size_t i = 0; !strchr(path, '/') && i < COUNT(program_directories); i++) {
		_cleanup_free_ char *whole = text_new("%s/%s", program_directories[i], path);
		char *found;

		if (!whole)
			return NULL;
		found = program_at(place, whole);
		if (found)
			return found;
	}
	return NULL;
}
